import type { JobHandler } from './job-handler.js';
import { isJobType, queueNames, typesOfQueue, type JobType, type QueueName } from './job-types.js';

export type AnyHandler = JobHandler<JobType>;
export type Handlers = ReadonlyMap<JobType, AnyHandler>;

export interface FoundHandler {
  type: string;
  className: string;
  handler: AnyHandler;
}

/** A worker that could not do what it was asked to; every reason in one line of the message. */
export class HandlerError extends Error {}

/** @throws HandlerError naming every name that is no queue */
export function parseQueues(names: readonly string[]): QueueName[] {
  const unknown = names.filter((name) => !(queueNames as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new HandlerError(`unknown queue ${unknown.join(', ')}: the queues are ${queueNames.join(', ')}`);
  }
  return [...new Set(names)] as QueueName[];
}

/**
 * The one handler of every job that `queues` carry.
 *
 * @throws HandlerError when one is missing, doubled, or for a job that does not exist
 */
export function resolveHandlers(queues: readonly QueueName[], found: readonly FoundHandler[]): Handlers {
  const types = [...new Set(found.map(({ type }) => type))];
  const classesOf = (type: string) => found.filter((f) => f.type === type).map((f) => f.className);
  const mistakes = [
    ...types.filter((type) => !isJobType(type)).map((type) => `${classesOf(type)} handles '${type}', which is no job`),
    ...types
      .filter((type) => classesOf(type).length > 1)
      .map((type) => `${type} has ${classesOf(type).length} handlers: ${classesOf(type).join(', ')}`),
    ...queues
      .flatMap((queue) => typesOfQueue(queue).map((type) => ({ queue, type })))
      .filter(({ type }) => !types.includes(type))
      .map(({ queue, type }) => `${type} of queue ${queue} has no handler`),
  ];
  if (mistakes.length > 0) throw new HandlerError(mistakes.join('\n'));
  return new Map(found.map(({ type, handler }) => [type as JobType, handler]));
}

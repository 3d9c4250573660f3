import { parseArgs } from 'node:util';
import { HandlerError, parseQueues } from '#src/jobs/handler-registry.js';
import { queueNames, type QueueName } from '#src/jobs/job-types.js';
import { UsageError } from './process.js';

/** The queues named on a worker's command line; all if none are named. @throws UsageError */
export function queuesOf(args: string[]): QueueName[] {
  try {
    const { values } = parseArgs({ args, options: { queues: { type: 'string' } } });
    return parseQueues(values.queues?.split(',').map((name) => name.trim()) ?? queueNames);
  } catch (error) {
    const line = (error as Error).message;
    throw new UsageError(error instanceof HandlerError ? line : `${line}; known is --queues ${queueNames.join(',')}`);
  }
}

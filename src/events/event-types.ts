// Every domain event of the system: what happened, to which ids, told to whom. This one table is the TypeScript
// union, the check at run time, and the schemas of the OpenAPI document's `webhooks`.
import { misfits } from '#src/common/field-table.js';
import { isId } from '#src/common/id.js';

/** `id?` may be null. A `name` is a word of ours (a type, an alias), never a user's text. */
type FieldKind = 'id' | 'id?' | 'name' | 'name?' | 'count';
interface ValueOf {
  id: string;
  'id?': string | null;
  name: string;
  'name?': string | null;
  count: number;
}

interface Definition {
  readonly summary: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

const job = { jobId: 'id', jobType: 'name', resultType: 'name?', resultId: 'id?' } as const;
const batch = { labelingBatchId: 'id' } as const;

export const eventDefinitions = {
  'job.succeeded': { summary: 'A job ended well', fields: job },
  'job.failed': { summary: 'A job failed and is not tried again by itself', fields: job },
  'job.cancelled': { summary: 'A job was cancelled', fields: job },
  'labeling_batch.created': { summary: 'A labeling batch has tasks to claim', fields: batch },
  'labeling_batch.completed': { summary: 'Every task of a labeling batch has all its ratings', fields: batch },
  'labeling_batch.closed': { summary: 'A labeling batch takes no more ratings', fields: batch },
  'loop.awaiting_ratings': {
    summary: 'A loop waits for people to rate what its policy answered',
    fields: { loopId: 'id', iteration: 'count', labelingBatchId: 'id?' },
  },
  'loop.iteration_completed': { summary: 'A loop finished an iteration', fields: { loopId: 'id', iteration: 'count' } },
  'loop.failed': { summary: 'A loop cannot go on until somebody has looked at it', fields: { loopId: 'id', iteration: 'count' } },
  'loop.stopped': { summary: 'A loop ended', fields: { loopId: 'id', iteration: 'count' } },
  'policy.promoted': {
    summary: 'An alias of a policy points to another version',
    fields: { policyId: 'id', policyVersionId: 'id', alias: 'name' },
  },
  'criterion_version.published': {
    summary: 'Completions can be rated against a version of a criterion',
    fields: { criterionId: 'id', criterionVersionId: 'id' },
  },
  'webhook_endpoint.disabled': {
    summary: 'An endpoint failed for too long and gets no more deliveries',
    fields: { webhookEndpointId: 'id' },
  },
  'webhook_endpoint.ping': { summary: 'Somebody asked for a test delivery', fields: { webhookEndpointId: 'id' } },
} as const satisfies Readonly<Record<string, Definition>>;

export type EventType = keyof typeof eventDefinitions;
type FieldsOf<T extends EventType> = (typeof eventDefinitions)[T]['fields'];
type EventData<T extends EventType> = { -readonly [F in keyof FieldsOf<T>]: ValueOf[FieldsOf<T>[F] & FieldKind] };

/** `{type: 'job.succeeded', data: {jobId, ...}} | {type: 'policy.promoted', ...} | ...` */
export type DomainEvent = { [T in EventType]: { type: T; data: EventData<T>; vendorIds: readonly string[] } }[EventType];

export const eventTypes = Object.keys(eventDefinitions) as EventType[];

const word = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,199}$/;
const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  id: isId,
  'id?': (value) => value === null || isId(value),
  name: (value) => typeof value === 'string' && word.test(value),
  'name?': (value) => value === null || fits.name(value),
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/** Nothing but the declared ids and words may leave the system in an event. @throws InvalidEventError */
export function checkEvent({ type, data }: Pick<DomainEvent, 'type' | 'data'>): void {
  const { wrong, unknown } = misfits<FieldKind>(data, eventDefinitions[type].fields, fits);
  const mistakes = [...wrong.map(([name, kind]) => `${name} is no ${kind}`), ...unknown.map((name) => `${name} is not declared`)];
  if (mistakes.length > 0) throw new InvalidEventError(`event ${type}: ${mistakes.join(', ')}`);
}

// Every domain event of the system: what happened, to which ids, told to whom. This one table is the TypeScript
// union, the check at run time, and the schemas of the OpenAPI document's `webhooks`.
import { misfits } from '#src/common/field-table.js';
import { isId } from '#src/common/id.js';

/** `id?` may be null. A `name` is an identifier (a type, an alias), never free text of a user. */
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
  'job.succeeded': { summary: 'A job succeeded', fields: job },
  'job.failed': { summary: 'A job failed and is not retried automatically', fields: job },
  'job.cancelled': { summary: 'A job was cancelled', fields: job },
  'labeling_batch.created': { summary: 'A labeling batch was created and has tasks to claim', fields: batch },
  'labeling_batch.completed': { summary: 'Every item of a labeling batch has all its ratings', fields: batch },
  'labeling_batch.closed': { summary: 'A labeling batch was closed and takes no more ratings', fields: batch },
  'loop.awaiting_ratings': {
    summary: 'A loop waits for ratings of its policy completions',
    fields: { loopId: 'id', iteration: 'count', labelingBatchId: 'id?' },
  },
  'loop.iteration_completed': { summary: 'A loop finished an iteration', fields: { loopId: 'id', iteration: 'count' } },
  'loop.failed': { summary: 'A loop failed and waits for `resume`', fields: { loopId: 'id', iteration: 'count' } },
  'loop.stopped': { summary: 'A loop ended', fields: { loopId: 'id', iteration: 'count' } },
  'policy.promoted': {
    summary: 'An alias of a policy was pointed to another version',
    fields: { policyId: 'id', policyVersionId: 'id', alias: 'name' },
  },
  'criterion_version.published': {
    summary: 'A criterion version was published: completions can be rated under it',
    fields: { criterionId: 'id', criterionVersionId: 'id' },
  },
  'webhook_endpoint.disabled': {
    summary: 'A webhook endpoint failed for too long and was disabled',
    fields: { webhookEndpointId: 'id' },
  },
  'webhook_endpoint.ping': { summary: 'A test delivery was requested', fields: { webhookEndpointId: 'id' } },
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

/** Only the declared ids and names may leave the system in an event. @throws InvalidEventError */
export function checkEvent({ type, data }: Pick<DomainEvent, 'type' | 'data'>): void {
  const { wrong, unknown } = misfits<FieldKind>(data, eventDefinitions[type].fields, fits);
  const mistakes = [...wrong.map(([name, kind]) => `${name} is no ${kind}`), ...unknown.map((name) => `${name} is not declared`)];
  if (mistakes.length > 0) throw new InvalidEventError(`event ${type}: ${mistakes.join(', ')}`);
}

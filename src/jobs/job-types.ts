// Every job of the system, its payload and the queue that carries it. A new kind of job starts here: the
// compiler then asks for its handler's payload type, and a worker refuses to boot until it has the handler.
import { misfits } from '#src/common/field-table.js';
import { isId } from '#src/common/id.js';

/** One member per job. Payloads carry ids, never data: the handler reads the rows when it runs. */
type JobSpec =
  | { type: 'completion-batch.generate'; queue: 'generation'; payload: { completionBatchId: string } }
  | { type: 'reward-model.score'; queue: 'scoring'; payload: { rewardModelId: string; promptIds: string[] } }
  | { type: 'pair-set.build'; queue: 'pair-building'; payload: { pairSetId: string } }
  | { type: 'reward-model.train'; queue: 'reward-training'; payload: { rewardModelId: string } }
  | { type: 'training-run.train'; queue: 'fine-tuning'; payload: { trainingRunId: string } }
  | { type: 'comparison.run'; queue: 'comparison'; payload: { comparisonId: string } };

export type JobType = JobSpec['type'];
export type QueueName = JobSpec['queue'];
type SpecOf<T extends JobType> = Extract<JobSpec, { type: T }>;
export type PayloadOf<T extends JobType> = SpecOf<T>['payload'];

type FieldKind = 'id' | 'ids';

const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  id: isId,
  ids: (value) => Array.isArray(value) && value.every(isId),
};

/** The same facts at run time; mapped over `JobSpec`, so that neither side can drift from the other. */
const definitions: {
  readonly [T in JobType]: {
    readonly queue: SpecOf<T>['queue'];
    readonly fields: { readonly [F in keyof PayloadOf<T>]: PayloadOf<T>[F] extends string ? 'id' : 'ids' };
  };
} = {
  'completion-batch.generate': { queue: 'generation', fields: { completionBatchId: 'id' } },
  'reward-model.score': { queue: 'scoring', fields: { rewardModelId: 'id', promptIds: 'ids' } },
  'pair-set.build': { queue: 'pair-building', fields: { pairSetId: 'id' } },
  'reward-model.train': { queue: 'reward-training', fields: { rewardModelId: 'id' } },
  'training-run.train': { queue: 'fine-tuning', fields: { trainingRunId: 'id' } },
  'comparison.run': { queue: 'comparison', fields: { comparisonId: 'id' } },
};

export const jobTypes = Object.keys(definitions) as JobType[];

/** In the order of the pipeline. */
export const queueNames: readonly QueueName[] = [
  'generation',
  'scoring',
  'pair-building',
  'reward-training',
  'fine-tuning',
  'comparison',
];

export function queueOf(type: JobType): QueueName {
  return definitions[type].queue;
}

export function typesOfQueue(queue: QueueName): JobType[] {
  return jobTypes.filter((type) => definitions[type].queue === queue);
}

export function isJobType(value: string): value is JobType {
  return Object.hasOwn(definitions, value);
}

export class InvalidPayloadError extends Error {}

/**
 * Checks a payload when it is enqueued and again when a worker picks it up, which may be another version
 * of the code.
 *
 * @throws InvalidPayloadError naming the job and every field at fault
 */
export function checkPayload<T extends JobType>(type: T, payload: unknown): PayloadOf<T> {
  const { wrong, unknown } = misfits<FieldKind>(payload, definitions[type].fields, fits);
  if (wrong.length === 0 && unknown.length === 0) return payload as PayloadOf<T>;
  const mistakes = [
    ...wrong.map(([name, kind]) => `${name} must be ${kind === 'id' ? 'an id' : 'a list of ids'}`),
    ...unknown.map((name) => `${name} is not a field of this payload`),
  ];
  throw new InvalidPayloadError(`payload of ${type}: ${mistakes.join(', ')}`);
}

// Every job of the system, its payload and the queue that carries it. A new kind of job starts here: the
// compiler then asks for its handler's payload type, and a worker refuses to boot until it has the handler.

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
  const fields: Record<string, FieldKind> = definitions[type].fields;
  const given = payload !== null && typeof payload === 'object' ? (payload as Record<string, unknown>) : {};
  const wrong = Object.entries(fields).filter(([name, kind]) => !matches(kind, given[name]));
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(fields, name));
  if (wrong.length === 0 && unknown.length === 0) return given as PayloadOf<T>;
  const mistakes = [
    ...wrong.map(([name, kind]) => `${name} must be ${kind === 'id' ? 'an id' : 'a list of ids'}`),
    ...unknown.map((name) => `${name} is not a field of this payload`),
  ];
  throw new InvalidPayloadError(`payload of ${type}: ${mistakes.join(', ')}`);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function matches(kind: FieldKind, value: unknown): boolean {
  const isId = (item: unknown) => typeof item === 'string' && uuid.test(item);
  return kind === 'id' ? isId(value) : Array.isArray(value) && value.every(isId);
}

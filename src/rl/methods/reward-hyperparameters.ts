/** What can be set about the training of a reward model, with defaults that suit small decoders. */
import { linearModules, type LinearModule } from '#src/lm/model/parameter-shapes.js';

export const rewardObjectives = ['pairwise', 'pointwise'] as const;
export type RewardObjective = (typeof rewardObjectives)[number];

export const rateSchedules = ['constant', 'linear', 'cosine'] as const;
export type RateSchedule = (typeof rateSchedules)[number];

/** What becomes of the ties that the pair set kept: see tie-losses.ts. */
export const tieTreatments = ['ignore', 'half', 'rao_kupper'] as const;
export type TieTreatment = (typeof tieTreatments)[number];

/** What a pair counts in the loss: see pair-weights.ts. */
export const pairWeightings = ['recorded', 'uniform', 'margin', 'prompt'] as const;
export type PairWeighting = (typeof pairWeightings)[number];

/** See length-bias.ts. */
export const lengthDebiasings = ['none', 'product_of_experts'] as const;
export type LengthDebiasing = (typeof lengthDebiasings)[number];

export const stoppingMetrics = ['loss', 'accuracy'] as const;
export type StoppingMetric = (typeof stoppingMetrics)[number];

export interface RewardEarlyStopping {
  metric: StoppingMetric;
  /** Evaluations without an improvement until training ends. */
  patience: number;
  /** Steps from one evaluation to the next. */
  evaluateEvery: number;
  /** Share of the training prompts that only this looks at; those of the evaluation stay unseen. */
  validationFraction: number;
  /** Smaller steps forward are none. */
  minImprovement: number;
}

export interface RewardLora {
  rank: number;
  alpha: number;
  targetModules: LinearModule[];
  /** Share of the inputs of the factors that each step leaves out (lm/lora-dropout.ts); none when left out. */
  dropout?: number;
}

export interface RewardHyperparameters {
  /** Bradley-Terry on pairs, or binary cross-entropy on labels 1 and 0. */
  objective: RewardObjective;
  /** Peak of the schedule. */
  learningRate: number;
  /** Passes over the training pairs. */
  epochs: number;
  /** Ends training early; null lets the epochs decide. */
  maxSteps: number | null;
  /** Completions per step; those of one prompt stay together, and all their pairs are in the loss. */
  batchSize: number;
  /** Longer texts lose the beginning of the prompt or the end of the completion. */
  maxTokens: number;
  /** Trains low-rank factors that are merged at the end; null trains all weights. */
  lora: RewardLora | null;
  /** Only the last so many layers, with final norm and head; null trains all of the model (lm/trained-layers.ts). */
  trainedLayers: number | null;
  /** Share of the steps in which the rate rises linearly from 0. */
  warmupRatio: number;
  schedule: RateSchedule;
  /** Tokens computed at once, shared prompts once; gradients of the parts add up to those of the step. null: all at once. */
  microBatchTokens: number | null;
  /** Less memory for some more time: activations inside a layer are computed again on the way back. */
  gradientCheckpointing: boolean;
  weightDecay: number;
  /** Gradients of a larger global norm are scaled down to it. */
  maxGradNorm: number;
  /** Coefficient of (r_chosen + r_rejected)^2. */
  centering: number;
  /** Probability that a label is taken to be wrong. */
  labelSmoothing: number;
  /** Margin of the pairwise loss per point of difference between the two scores. */
  marginPerPoint: number;
  ties: TieTreatment;
  /** Of `rao_kupper`: differences of the reward below about this are no difference. */
  tieThreshold: number;
  pairWeights: PairWeighting;
  lengthDebias: LengthDebiasing;
  /** null trains to the end. */
  earlyStopping: RewardEarlyStopping | null;
  /** Reward models trained from different seeds, whose mean is the reward and whose deviation is the disagreement. */
  members: number;
  /** The first member's; the others count on from it. */
  seed: number;
}

export const defaultHyperparameters: RewardHyperparameters = {
  objective: 'pairwise',
  learningRate: 3e-4,
  epochs: 1,
  maxSteps: null,
  batchSize: 32,
  maxTokens: 256,
  lora: null,
  trainedLayers: null,
  warmupRatio: 0.1,
  schedule: 'linear',
  microBatchTokens: null,
  gradientCheckpointing: false,
  weightDecay: 0,
  maxGradNorm: 1,
  centering: 0.01,
  labelSmoothing: 0,
  marginPerPoint: 0,
  ties: 'ignore',
  tieThreshold: 0.5,
  pairWeights: 'recorded',
  lengthDebias: 'none',
  earlyStopping: null,
  members: 1,
  seed: 0,
};

export const defaultLora: RewardLora = { rank: 16, alpha: 32, targetModules: [...linearModules] };

export const defaultEarlyStopping: RewardEarlyStopping = {
  metric: 'loss',
  patience: 3,
  evaluateEvery: 20,
  validationFraction: 0.1,
  minImprovement: 0,
};

export type GivenHyperparameters = Partial<Omit<RewardHyperparameters, 'lora' | 'earlyStopping'>> & {
  lora?: Partial<RewardLora> | null;
  earlyStopping?: Partial<RewardEarlyStopping> | null;
};

/** What was left out (or null) takes its default; alpha follows the rank. Tokens computed at once: null and 0 are all. */
export function resolveHyperparameters({ lora, earlyStopping, ...given }: GivenHyperparameters): RewardHyperparameters {
  return {
    ...defaultHyperparameters,
    ...present(given),
    microBatchTokens: given.microBatchTokens || null,
    lora: lora ? resolveLora(lora) : null,
    earlyStopping: earlyStopping ? { ...defaultEarlyStopping, ...present(earlyStopping) } : null,
  };
}

function resolveLora({ rank = defaultLora.rank, alpha = 2 * rank, targetModules = defaultLora.targetModules, dropout = 0 }: Partial<RewardLora>): RewardLora {
  return { rank, alpha, targetModules: [...targetModules], dropout };
}

function present<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null)) as Partial<T>;
}

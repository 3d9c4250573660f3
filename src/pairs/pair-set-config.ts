export const pairStrategies = ['all', 'sample'] as const;
export type PairStrategy = (typeof pairStrategies)[number];

/**
 * `majority` is the level that most ratings give, the mean of them where several are given most often;
 * `reliability-weighted` a mean in which each labeler's ratings weigh as src/quality/reliability.ts has it.
 */
export const scoreAggregations = ['mean', 'median', 'majority', 'reliability-weighted'] as const;
export type ScoreAggregation = (typeof scoreAggregations)[number];

/**
 * What a pair counts in training. `reliability`: how reliable the judgements behind it are together, from the weights of
 * their labelers; `none`: all pairs the same.
 */
export const pairWeightKinds = ['none', 'reliability'] as const;
export type PairWeightKind = (typeof pairWeightKinds)[number];

export const tiePolicies = ['drop', 'keep'] as const;
export type TiePolicy = (typeof tiePolicies)[number];

export const splits = ['train', 'eval'] as const;
export type Split = (typeof splits)[number];

/** Everything, beside the ratings, that decides which pairs come out. Kept as `pair_sets.config`. */
export interface PairSetConfig {
  /** Only completions of these prompts. */
  promptSetId: string | null;
  /** Only completions of this batch. */
  completionBatchId: string | null;
  /** Only ratings of these labelers; sorted. */
  labelerIds: string[] | null;
  /** Ratings of pilots too, which tried out the version while it was a draft. */
  includePilots: boolean;
  /** Ratings of gold items too, whose right score was known beforehand. */
  includeGold: boolean;
  strategy: PairStrategy;
  /** For `sample`: at most so many pairs of each prompt, drawn by the seed. */
  pairsPerPrompt: number | null;
  seed: number;
  /** How several ratings of one completion become one score. */
  aggregation: ScoreAggregation;
  /** Absent in sets made before pairs could have weights, and where they have none: their hash stays the same. */
  pairWeights?: PairWeightKind;
  /** What becomes of two completions with equal scores. */
  ties: TiePolicy;
  /** Smallest difference of two scores that counts as a preference. Does not concern kept ties. */
  minimumMargin: number;
  /** Completions that fewer labelers rated are left out. */
  minimumRatings: number;
  /** Share of prompts, by hash, whose pairs are kept from training. */
  evalFraction: number;
}

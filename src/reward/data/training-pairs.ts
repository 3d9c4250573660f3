/** The pairs of a pair set as training takes them: some prompts set aside for early stopping, weights, length bias. */
import { createHash } from 'node:crypto';
import { contentText, type PromptContent } from '#src/common/conversation.js';
import { textKey } from '#src/common/text.js';
import { type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { fitLengthBias, lengthLogit, type LengthBias } from '#src/rl/losses/length-bias.js';
import { weighPairs } from '#src/rl/losses/pair-weights.js';
import { type StoredGroup } from './preference-data.service.js';
import { type PreferenceGroup } from '#src/rl/batch/preference-groups.js';

export interface TrainingPairs {
  train: PreferenceGroup[];
  /** Empty without early stopping. */
  validation: PreferenceGroup[];
  /** Logit of the length-only predictor; null: no length debiasing. */
  lengthBias: LengthBias | null;
}

type Settings = Pick<RewardHyperparameters, 'pairWeights' | 'lengthDebias' | 'earlyStopping' | 'seed'>;

/** @param groups of the train split */
export function trainingPairs(groups: readonly StoredGroup[], hyperparameters: Settings): TrainingPairs {
  const { earlyStopping, pairWeights, lengthDebias, seed } = hyperparameters;
  const share = earlyStopping?.validationFraction ?? 0;
  const isValidation = ({ prompt }: StoredGroup): boolean => share > 0 && validationShare(prompt, seed) < share;
  const [train, validation] = [groups.filter((group) => !isValidation(group)), groups.filter(isValidation)].map((part) =>
    weighed(part, pairWeights),
  );
  if (lengthDebias === 'none') return { train, validation, lengthBias: null };
  const lengthBias = fitLengthBias(train.flatMap((group) => group.pairs.flatMap((pair) => (pair.tie ? [] : [lengthsOf(group, pair)]))));
  return { train: withBias(train, lengthBias), validation: withBias(validation, lengthBias), lengthBias };
}

/** Hash of the prompt's text in [0, 1); independent of the split of the pair set. */
function validationShare(prompt: PromptContent, seed: number): number {
  return createHash('sha256').update(`validation:${seed}:${textKey(contentText(prompt))}`).digest().readUInt32BE(0) / 2 ** 32;
}

/** Pairs that weigh nothing are left out, and so are prompts that have no others. */
function weighed(groups: readonly StoredGroup[], pairWeights: Settings['pairWeights']): StoredGroup[] {
  const weights = weighPairs(groups.map(({ pairs }) => pairs), pairWeights);
  return groups.flatMap((group, g) => {
    const pairs = group.pairs.map((pair, p) => ({ ...pair, weight: weights[g][p] })).filter(({ weight }) => weight > 0);
    return pairs.length > 0 ? [{ ...group, pairs }] : [];
  });
}

/** The length predictor's logit is added to the reward difference, that is, subtracted from the margin. */
function withBias(groups: readonly PreferenceGroup[], bias: LengthBias): PreferenceGroup[] {
  return groups.map((group) => ({
    ...group,
    pairs: group.pairs.map((pair) => ({ ...pair, margin: pair.margin - lengthLogit(lengthsOf(group, pair), bias) })),
  }));
}

function lengthsOf({ completions }: PreferenceGroup, { chosen, rejected, weight = 1 }: PreferenceGroup['pairs'][number]) {
  return { chosen: charactersOf(completions[chosen]), rejected: charactersOf(completions[rejected]), weight };
}

/** Unicode code points, as the nulls of the pair set count. */
export function charactersOf(text: string): number {
  return [...text].length;
}

/** Texts of preference groups as tokens, cut to what the model reads and a step takes. */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { type RewardHyperparameters } from '../methods/reward-hyperparameters.js';
import { type EncodedGroup } from './preference-batch.js';
import { splitLargeGroups, type PreferenceGroup } from './preference-groups.js';
import { RewardTextEncoder } from '../reward/reward-text.js';

export interface GroupsToEncode {
  checkpoint: Pick<Checkpoint, 'config' | 'tokenizer'>;
  groups: readonly PreferenceGroup[];
  hyperparameters: Pick<RewardHyperparameters, 'batchSize' | 'maxTokens'>;
}

/** @throws RangeError without pairs */
export function encodeGroups({ checkpoint, groups, hyperparameters }: GroupsToEncode): { groups: EncodedGroup[]; truncatedTexts: number } {
  const { batchSize, maxTokens } = hyperparameters;
  const longest = Math.min(maxTokens, checkpoint.config.maxPositionEmbeddings);
  const encoder = new RewardTextEncoder(Tokenizer.fromFiles(checkpoint.tokenizer), longest);
  const encoded = splitLargeGroups(groups, batchSize)
    .filter((group) => group.pairs.length > 0)
    .map(({ prompt, completions, pairs }) => ({
      texts: completions.map((completion) => encoder.encode({ prompt, completion })),
      pairs,
    }));
  if (encoded.length === 0) throw new RangeError('there are no pairs to train on');
  return { groups: encoded, truncatedTexts: encoder.truncations };
}

/**
 * What a completion is rewarded with, from its score:
 *
 *   reward = score - lengthPenalty * tokens / maxTokens - [no end within maxTokens] missingEosPenalty
 *
 * The length penalty is linear: the marginal token costs the same in short and long completions. It acts on advantages
 * by differences of length inside a group alone, so that it does not favour prompts with short answers. Both are in
 * units of the score.
 */
export interface RewardShaping {
  lengthPenalty: number;
  missingEosPenalty: number;
  maxTokens: number;
}

export interface ShapedCompletion {
  score: number;
  tokenIds: { readonly length: number };
  finishReason: 'stop' | 'length';
}

export function shapedReward({ score, tokenIds, finishReason }: ShapedCompletion, { lengthPenalty, missingEosPenalty, maxTokens }: RewardShaping): number {
  return score - (lengthPenalty * tokenIds.length) / maxTokens - (finishReason === 'length' ? missingEosPenalty : 0);
}

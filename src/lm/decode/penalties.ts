/**
 * Penalties on tokens that were there before, applied to logits ahead of temperature and filters.
 *
 * - Repetition (Keskar et al. 2019, CTRL, as transformers' RepetitionPenaltyLogitsProcessor applies it): the
 *   logit of every token of the prompt or the completion is divided by the penalty if positive, multiplied
 *   by it otherwise.
 * - Frequency and presence (as OpenAI's completions API defines them): the logit of a token that the completion
 *   holds `count` times loses `count * frequency + presence`. The prompt does not count.
 */
export interface PenaltyOptions {
  /** > 0; 1 changes nothing. */
  repetitionPenalty?: number;
  /** Per occurrence in the completion; 0 changes nothing. */
  frequencyPenalty?: number;
  /** Once per token that occurs in the completion; 0 changes nothing. */
  presencePenalty?: number;
}

/** What a row has read and written so far. */
export interface TokenHistory {
  /** Tokens of the prompt, shared by the rows of one prompt. */
  prompt: ReadonlySet<number>;
  /** How often each token occurs in the completion. */
  written: ReadonlyMap<number, number>;
}

export function hasPenalties({
  repetitionPenalty = 1,
  frequencyPenalty = 0,
  presencePenalty = 0,
}: PenaltyOptions): boolean {
  return repetitionPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
}

/** Logits [vocab] with the penalties taken off; the given ones are left as they are. */
export function penalize(
  logits: Float32Array,
  { prompt, written }: TokenHistory,
  { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 }: PenaltyOptions,
): Float32Array {
  const result = logits.slice();
  if (repetitionPenalty !== 1) {
    for (const token of new Set([...prompt, ...written.keys()])) {
      const logit = result[token];
      result[token] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    }
  }
  for (const [token, count] of written) result[token] -= count * frequencyPenalty + presencePenalty;
  return result;
}

/** Throws RangeError naming the penalty that makes no sense. */
export function checkPenalties({
  repetitionPenalty = 1,
  frequencyPenalty = 0,
  presencePenalty = 0,
}: PenaltyOptions): void {
  if (!(repetitionPenalty > 0) || !Number.isFinite(repetitionPenalty))
    throw new RangeError(`repetitionPenalty must be > 0, got ${repetitionPenalty}`);
  for (const [name, value] of Object.entries({ frequencyPenalty, presencePenalty }))
    if (!Number.isFinite(value)) throw new RangeError(`${name} must be a number, got ${value}`);
}

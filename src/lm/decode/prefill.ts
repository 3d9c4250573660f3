/** Reads prompts: keys, values and next-token logits of each, in batches of similar length. */
import { floats, i64, type Tensor } from '#src/nn/tensor.js';
import { batchesByTokens, lastPositions, padRight, powerOfTwo } from '../text/batching.js';
import { type GenerationSessions } from './generation-sessions.js';

export interface PrefilledPrompt {
  /** Next-token logits [vocab]. */
  logits: Float32Array;
  /** Caches [batch, kvHeads, time, headDim] by name; this prompt's row is `index`. */
  caches: Record<string, Tensor>;
  index: number;
  /** Tokens of the prompt. */
  length: number;
}

/** In the order of `prompts`. */
export async function prefillPrompts(
  sessions: GenerationSessions,
  weights: Record<string, Tensor>,
  prompts: readonly (readonly number[])[],
  { maxPrefillTokens }: { maxPrefillTokens: number },
): Promise<PrefilledPrompt[]> {
  const results = new Array<PrefilledPrompt>(prompts.length);
  for (const { time, indices } of batchesByTokens(
    prompts.map((ids) => ids.length),
    maxPrefillTokens,
  )) {
    const padded = padRight(
      indices.map((i) => prompts[i]),
      { time, batch: powerOfTwo(indices.length) },
    );
    const session = await sessions.prefill(padded.batch, time);
    const { logits, ...caches } = await session.run({
      ...weights,
      ids: i64(padded.ids, [padded.batch, time]),
      last: i64(lastPositions(padded), [padded.batch]),
    });
    const vocab = logits.shape[1];
    indices.forEach((prompt, index) => {
      const row = floats(logits).subarray(index * vocab, (index + 1) * vocab);
      results[prompt] = { logits: row, caches, index, length: prompts[prompt].length };
    });
  }
  return results;
}

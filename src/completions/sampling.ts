import { createHash } from 'node:crypto';

/** How completions are drawn, every choice spelled out. */
export interface Sampling {
  /** Sampling temperature; 0: greedy decoding. */
  temperature: number;
  topP: number;
  /** null keeps every token. */
  topK: number | null;
  /** Minimum probability relative to the most likely token; 0 keeps every token. */
  minP: number;
  /** Divides the logits of tokens in the prompt or completion; 1 has no effect. */
  repetitionPenalty: number;
  /** Subtracted from a token's logit for each occurrence in the completion. */
  frequencyPenalty: number;
  /** Subtracted once from the logit of each token in the completion. */
  presencePenalty: number;
  /** Texts before which a completion ends. */
  stop: string[];
  maxTokens: number;
  /** Completions per prompt. */
  n: number;
  seed: number;
}

export const defaultSampling: Readonly<Sampling> = {
  temperature: 1,
  topP: 1,
  topK: null,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  stop: [],
  maxTokens: 256,
  n: 1,
  seed: 0,
};

/**
 * Seed of one completion, 48 bits, from what it is and not from when or beside what it is drawn: the same
 * batch seed, prompt and index give the same text in any batch, chunk or attempt. A prompt is its text here, not its
 * id, so that the same work on another system gives the same completions too.
 */
export function completionSeed(batchSeed: number, prompt: string, sampleIndex: number): number {
  const hash = createHash('sha256').update(`${batchSeed}/${prompt}/${sampleIndex}`).digest();
  return hash.readUIntBE(0, 6);
}

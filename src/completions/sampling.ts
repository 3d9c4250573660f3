import { createHash } from 'node:crypto';

/** How completions are drawn, every choice spelled out. */
export interface Sampling {
  /** 0 takes the likeliest token each time. */
  temperature: number;
  topP: number;
  /** null keeps every token. */
  topK: number | null;
  maxTokens: number;
  /** Completions per prompt. */
  n: number;
  seed: number;
}

export const defaultSampling: Sampling = { temperature: 1, topP: 1, topK: null, maxTokens: 256, n: 1, seed: 0 };

/**
 * Seed of one completion, 48 bits, from what it is and not from when or beside what it is drawn: the same
 * batch seed, prompt and index give the same text in any batch, chunk or attempt.
 */
export function completionSeed(batchSeed: number, promptId: string, sampleIndex: number): number {
  const hash = createHash('sha256').update(`${batchSeed}/${promptId}/${sampleIndex}`).digest();
  return hash.readUIntBE(0, 6);
}

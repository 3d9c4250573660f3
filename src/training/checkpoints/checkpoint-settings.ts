/** Which weights of a run are kept along its way, how they are measured, and which become the next policy version. */

export const keptWeights = ['last', 'best'] as const;
export type KeptWeights = (typeof keptWeights)[number];

export interface CheckpointSettings {
  /** Steps between checkpoints; null keeps the end's alone. */
  checkpointEvery: number | null;
  /** Checkpoints that stay, the latest ones; the best one and those that became versions stay too. */
  keepCheckpoints: number;
  /** Steps between evaluations on what is held out, beside those that the method makes anyway. */
  evaluateEvery: number | null;
  /** Whether the last weights or those with the best evaluation become the next version. */
  keep: KeptWeights;
}

export const checkpointDefaults: CheckpointSettings = { checkpointEvery: null, keepCheckpoints: 3, evaluateEvery: null, keep: 'last' };

/** Is there an evaluation after `step` (from 1) of `total`? The last one counts, so that it can be compared. */
export function isEvaluated(step: number, total: number, { evaluateEvery }: Pick<CheckpointSettings, 'evaluateEvery'>): boolean {
  return evaluateEvery !== null && (step % evaluateEvery === 0 || step === total);
}

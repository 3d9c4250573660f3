/** Texts to score: each text once, however many completions have it. */
import { sha256 } from '#src/common/hash.js';
import { type ScoredText } from '#src/rl/batch/reward-text.js';

export interface CompletionText extends ScoredText {
  completionId: string;
}

export interface ScoringUnit extends ScoredText {
  hash: string;
  /** Completions with these texts. */
  completionIds: string[];
}

/** sha256 of the JSON array of prompt and completion: where one ends and the other begins is part of it. */
export function textHash({ prompt, completion }: ScoredText): string {
  return sha256(JSON.stringify([prompt, completion]));
}

/** In order of first appearance; texts of no completion have no ids. */
export function scoringUnits(completions: readonly CompletionText[], texts: readonly ScoredText[]): ScoringUnit[] {
  const units = new Map<string, ScoringUnit>();
  for (const { prompt, completion, completionId } of [...completions, ...texts.map((text) => ({ ...text, completionId: null }))]) {
    const hash = textHash({ prompt, completion });
    const unit = units.get(hash) ?? { hash, prompt, completion, completionIds: [] };
    units.set(hash, unit);
    if (completionId !== null) unit.completionIds.push(completionId);
  }
  return [...units.values()];
}

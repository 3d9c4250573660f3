// A labeler's reliability from the completions that the labeler shares with others: the same estimate as a pair set's
// weights (src/pairs/labeler-weights.ts), over one labeler's neighbourhood, so that it can be told at once.
import { dawidSkene, type Answers } from './dawid-skene.js';
import type { SharedAnswer } from './labeler-quality.repository.js';
import { reliabilities, reliabilityPrior, weightOf } from './reliability.js';

export interface Reliability {
  /** Null where all answers are alike. */
  value: number | null;
  weight: number | null;
  items: number;
  /** The labeler among them. */
  labelers: number;
}

/** @param answers completion by completion; null without any */
export function reliabilityOf(labelerId: string, answers: readonly SharedAnswer[], values: readonly number[]): Reliability | null {
  if (answers.length === 0) return null;
  const labelers = new Map<string, number>();
  const items = new Map<string, number>();
  const number = (ids: Map<string, number>, id: string) => ids.get(id) ?? (ids.set(id, ids.size), ids.size - 1);
  const table: Pick<Answers, 'item' | 'labeler' | 'level'> = {
    item: Int32Array.from(answers, ({ completionId }) => number(items, completionId)),
    labeler: Int32Array.from(answers, (answer) => number(labelers, answer.labelerId)),
    level: Int32Array.from(answers, ({ level }) => level),
  };
  const estimates = dawidSkene(
    { ...table, items: items.size, labelers: labelers.size, levels: values.length },
    { prior: reliabilityPrior, tolerance: 1e-6, maxIterations: 200 },
  );
  const value = reliabilities(estimates, values)[labelers.get(labelerId)!];
  return { value, weight: value === null ? null : weightOf(value), items: items.size, labelers: labelers.size };
}

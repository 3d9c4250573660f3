/**
 * Which prompts people rate next, by the disagreement of an ensemble of reward models (query by committee: Seung,
 * Opper, Sompolinsky 1992; for preferences Christiano et al. 2017, arXiv:1706.03741, section 2.2.4).
 *
 * A prompt's disagreement is the mean over its completions of the members' standard deviation. Christiano et al. take
 * the variance of predicted preferences over pairs of segments; here all completions of a prompt are rated together
 * and every pair of them is used, so that the prompt is what is chosen.
 */
import { mean } from '#src/common/statistics.js';
import type { LoopSelection } from './loop-config.js';

export interface SelectionFigures {
  /** What was done: the first iteration has no reward model to disagree with itself. */
  by: LoopSelection;
  candidates: number;
  chosen: number;
  /** Mean disagreement of all candidates and of the chosen, in units of the reward; null for `random`. */
  meanDisagreement: number | null;
  chosenDisagreement: number | null;
}

export interface Disagreement {
  promptId: string;
  /** Standard deviation of the members' rewards of one completion. */
  deviation: number;
}

export interface Chosen {
  promptIds: string[];
  meanDisagreement: number;
  chosenDisagreement: number;
}

/** The `count` prompts of the highest disagreement, highest first; equal ones in order of their ids. */
export function mostDisputed(completions: readonly Disagreement[], count: number): Chosen {
  const byPrompt = new Map<string, number[]>();
  for (const { promptId, deviation } of completions) {
    const deviations = byPrompt.get(promptId);
    if (deviations) deviations.push(deviation);
    else byPrompt.set(promptId, [deviation]);
  }
  const ranked = [...byPrompt]
    .map(([promptId, deviations]) => ({ promptId, disagreement: mean(deviations) }))
    .sort((a, b) => b.disagreement - a.disagreement || (a.promptId < b.promptId ? -1 : 1));
  const chosen = ranked.slice(0, count);
  const meanOf = (list: typeof ranked) => (list.length === 0 ? 0 : mean(list.map(({ disagreement }) => disagreement)));
  return {
    promptIds: chosen.map(({ promptId }) => promptId),
    meanDisagreement: meanOf(ranked),
    chosenDisagreement: meanOf(chosen),
  };
}

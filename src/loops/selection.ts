/**
 * Which prompts people rate next, by the disagreement of an ensemble of reward models (query by committee: Seung,
 * Opper, Sompolinsky 1992; for preferences Christiano et al. 2017, arXiv:1706.03741, section 2.2.4).
 *
 * A prompt's disagreement is the mean, over pairs of its answers, of the standard deviation over members of the
 * difference of the two rewards. Christiano et al. take the variance of predicted preferences and choose pairs; here all
 * answers to a prompt are rated together and every pair of them is used, so that the prompt is what is chosen.
 */
import { deviation, mean } from '#src/common/statistics.js';
import type { LoopSelection } from './loop-config.js';

export interface SelectionFigures {
  /** Selection that was used; the first iteration has no reward model for `disagreement`. */
  by: LoopSelection;
  candidates: number;
  chosen: number;
  /** Mean disagreement of all candidates and of the chosen, in units of the reward; null for `random`. */
  meanDisagreement: number | null;
  chosenDisagreement: number | null;
}

export interface ScoredAnswer {
  promptId: string;
  /** Rewards: [members]. */
  memberScores: number[];
}

export interface Chosen {
  promptIds: string[];
  meanDisagreement: number;
  chosenDisagreement: number;
}

/** The `count` prompts of the highest disagreement, highest first; equal ones in order of their ids. */
export function mostDisputed(answers: readonly ScoredAnswer[], count: number): Chosen {
  const byPrompt = new Map<string, number[][]>();
  for (const { promptId, memberScores } of answers) {
    const own = byPrompt.get(promptId);
    if (own) own.push(memberScores);
    else byPrompt.set(promptId, [memberScores]);
  }
  const ranked = [...byPrompt]
    .map(([promptId, scores]) => ({ promptId, disagreement: disagreementOf(scores) }))
    .sort((a, b) => b.disagreement - a.disagreement || (a.promptId < b.promptId ? -1 : 1));
  const chosen = ranked.slice(0, count);
  const meanOf = (list: typeof ranked) => (list.length === 0 ? 0 : mean(list.map(({ disagreement }) => disagreement)));
  return {
    promptIds: chosen.map(({ promptId }) => promptId),
    meanDisagreement: meanOf(ranked),
    chosenDisagreement: meanOf(chosen),
  };
}

/** @param scores of the answers to one prompt: [answers][members] */
function disagreementOf(scores: readonly number[][]): number {
  const gaps = scores.flatMap((one, at) =>
    scores.slice(at + 1).map((other) => deviation(one.map((reward, member) => reward - other[member]))),
  );
  return gaps.length === 0 ? 0 : mean(gaps);
}

/**
 * May a version be published? An ill-defined criterion spoils everything after it, so a pilot that shows one stands in
 * the way until somebody takes it upon themselves. Krippendorff (2004, p. 241): rely on data with alpha >= 0.8, draw
 * tentative conclusions with 0.667 <= alpha < 0.8, and discard the rest.
 *
 * What differs: many owners rate matters of taste, where 0.667 is out of reach; each criterion may set its own
 * minimum, which then also asks for a pilot. Where none is set, a version without a pilot may be published: it says so.
 * A pilot counts once it is over and has compared labelers on enough items: on five, luck alone opens the gate to
 * a poor criterion too often.
 */
import type { LabelingBatchState } from '#src/labeling/labeling-batch.entity.js';

export const conventionalMinimum = 0.667;
/** Why so many: docs/adr/0087. */
export const fewestPilotItems = 20;

export interface PilotFinding {
  pilotId: string;
  /** Of its labeling batch; one that its owner closed is over too. */
  state: LabelingBatchState;
  /** That at least two labelers rated, in the dimension where these are fewest. */
  items: number;
  /** Lowest ordinal alpha among the dimensions; null where nothing is known yet, or all ratings are alike. */
  agreement: number | null;
}

export type GateAnswer =
  | { open: true }
  | { open: false; code: 'pilot_missing' | 'pilot_unfinished' | 'pilot_too_small' | 'agreement_below_minimum'; message: string; remedy: string };

/**
 * @param minimumAgreement as the criterion sets it; null where it does not
 * @param pilot the latest of the version; null without one
 */
export function publishingGate(minimumAgreement: number | null, pilot: PilotFinding | null): GateAnswer {
  const minimum = minimumAgreement ?? conventionalMinimum;
  if (pilot === null) {
    if (minimumAgreement === null) return { open: true };
    const message = `the criterion asks for an agreement of ${minimum}, and no pilot has measured it`;
    return { open: false, code: 'pilot_missing', message, remedy: 'pilot the draft' };
  }
  const { pilotId, state, items, agreement } = pilot;
  if (state === 'open') {
    return { open: false, code: 'pilot_unfinished', message: `pilot ${pilotId} is still being rated`, remedy: 'let it be finished, or close its labeling batch' };
  }
  if (items < fewestPilotItems) {
    const message = `pilot ${pilotId} has ${items} items that at least two labelers rated, the fewest that tell something are ${fewestPilotItems}`;
    return { open: false, code: 'pilot_too_small', message, remedy: 'pilot the draft on more completions' };
  }
  if (agreement !== null && agreement >= minimum) return { open: true };
  const found = agreement === null ? 'has no agreement to show' : `found an agreement of ${agreement.toFixed(3)}`;
  const message = `pilot ${pilotId} ${found}, the minimum is ${minimum}`;
  return { open: false, code: 'agreement_below_minimum', message, remedy: 'change the draft and pilot it again' };
}

/** The weakest dimension decides: a mean over dimensions would hide it. */
export function pilotAgreement(alphas: readonly (number | null)[]): number | null {
  return alphas.length === 0 || alphas.includes(null) ? null : Math.min(...(alphas as number[]));
}

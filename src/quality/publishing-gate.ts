/**
 * May a version be published? An ill-defined criterion spoils everything after it, so a pilot that shows one stands in
 * the way until somebody takes it upon themselves. Krippendorff (2004, p. 241): rely on data with alpha >= 0.8, draw
 * tentative conclusions with 0.667 <= alpha < 0.8, and discard the rest.
 *
 * What differs: many owners rate matters of taste, where 0.667 is out of reach; each criterion may set its own
 * minimum, which then also asks for a pilot. Where none is set, a version without a pilot may be published: it says so.
 */
export const conventionalMinimum = 0.667;

export interface PilotFinding {
  pilotId: string;
  /** Lowest ordinal alpha among the dimensions; null where nothing is known yet, or all ratings are alike. */
  agreement: number | null;
}

export type GateAnswer = { open: true } | { open: false; code: 'pilot_missing' | 'agreement_below_minimum'; message: string };

/**
 * @param minimumAgreement as the criterion sets it; null where it does not
 * @param pilot the latest of the version; null without one
 */
export function publishingGate(minimumAgreement: number | null, pilot: PilotFinding | null): GateAnswer {
  const minimum = minimumAgreement ?? conventionalMinimum;
  if (pilot === null) {
    if (minimumAgreement === null) return { open: true };
    return { open: false, code: 'pilot_missing', message: `the criterion asks for an agreement of ${minimum}, and no pilot has measured it` };
  }
  if (pilot.agreement !== null && pilot.agreement >= minimum) return { open: true };
  const found = pilot.agreement === null ? 'has no agreement to show' : `found an agreement of ${pilot.agreement.toFixed(3)}`;
  return { open: false, code: 'agreement_below_minimum', message: `pilot ${pilot.pilotId} ${found}, the minimum is ${minimum}` };
}

/** The weakest dimension decides: a mean over dimensions would hide it. */
export function pilotAgreement(alphas: readonly (number | null)[]): number | null {
  return alphas.length === 0 || alphas.includes(null) ? null : Math.min(...(alphas as number[]));
}

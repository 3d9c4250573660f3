/** A run that ended before its last step: why, and what that says of it. Its weights are the last good ones. */
import { type Finding } from '#src/common/findings.js';

export const stopReasons = ['diverged', 'kl_budget'] as const;
/** `diverged`: a loss, gradient or log-probability was not finite. `kl_budget`: the policy went too far from its start. */
export type StopReason = (typeof stopReasons)[number];

export interface Stopped {
  reason: StopReason;
  /** The step (from 1) that was not taken, or was taken back. */
  step: number;
  /** For people. */
  detail: string;
}

/** A policy that diverged is a failure even where its last good weights are kept; a budget is there to be used. */
export function stoppedFinding({ reason, step, detail }: Stopped): Finding {
  const status = reason === 'diverged' ? 'failed' : 'warning';
  return { check: `stopped_${reason}`, status, value: step, threshold: 0, message: `stopped at step ${step}: ${detail}` };
}

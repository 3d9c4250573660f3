/**
 * The loop of every trainer: on data sets (datasets/), on rollouts (rollouts/) and of reward models (methods/reward.ts). What a
 * step does is the trainer's; when it counts and how a run ends is decided here.
 *
 * Weights are good once a step from them has gone well, which only the next step can tell. A run that ends early goes back to
 * the last good ones (nn/last-good.ts).
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Finding } from '#src/common/findings.js';
import { type LastGood } from '#src/nn/last-good.js';

/** A loss, a gradient or a log-probability is no longer finite. */
export class TrainingDivergedError extends Error {
  override name = 'TrainingDivergedError';
}

/** Returned by a trainer instead of a step that should not be taken. */
export class EndEarly<Reason extends string> {
  constructor(
    readonly reason: Reason,
    /** For people. */
    readonly detail: string,
  ) {}
}

/** Steps count from 1. */
export interface Steps<Taken, Reason extends string = never> {
  total: number;
  /** Steps of the run that was resumed. */
  taken: number;
  /** Of the trained weights. */
  good: LastGood;
  /** Heeded between steps. */
  signal?: AbortSignal;
  /** An optimizer step on the weights as they are. @throws TrainingDivergedError */
  take: (step: number) => Promise<Taken | EndEarly<Reason>>;
  /** Looks at the weights after a step, on what is held out, where the settings ask for it. @throws TrainingDivergedError */
  evaluate?: (step: number, taken: Taken) => Promise<void>;
  /** Reports and saves a step that went well; a pause arrives here. */
  report: (step: number, taken: Taken) => Promise<void> | void;
  /** Looks at the weights after the last step, which no step has used yet. @throws TrainingDivergedError */
  check?: () => Promise<void>;
}

export interface Ended<Reason extends string = never> {
  /** Steps of the whole run. */
  taken: number;
  /** The run ended before its last step; its weights are the last good ones. */
  stopped?: { reason: Reason | 'diverged'; step: number; detail: string };
}

/** Rejects with the signal's reason when aborted. */
export async function runSteps<Taken, Reason extends string = never>(run: Steps<Taken, Reason>): Promise<Ended<Reason>> {
  const { total, good, signal } = run;
  let { taken } = run;
  const stop = (step: number, { reason, detail }: EndEarly<Reason | 'diverged'>): Ended<Reason> => {
    good.restore();
    return { taken, stopped: { reason, step, detail } };
  };
  while (taken < total) {
    signal?.throwIfAborted();
    const step = taken + 1;
    good.setAside();
    const outcome = await unlessDiverged(async () => {
      const found = await run.take(step);
      if (!(found instanceof EndEarly)) await run.evaluate?.(step, found);
      return found;
    });
    if (outcome instanceof EndEarly) return stop(step, outcome);
    good.accept();
    taken = step;
    await turn();
    await run.report(step, outcome);
  }
  const last = await unlessDiverged(async () => run.check?.());
  return last instanceof EndEarly ? stop(total, last) : { taken };
}

async function unlessDiverged<T>(work: () => Promise<T>): Promise<T | EndEarly<'diverged'>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TrainingDivergedError) return new EndEarly('diverged', error.message);
    throw error;
  }
}

export const stopReasons = ['diverged', 'kl_budget'] as const;
/** `diverged`: a loss, gradient or log-probability was not finite. `kl_budget`: the policy went too far from its start. */
export type StopReason = (typeof stopReasons)[number];

/** Why the training of a policy ended before its last step. */
export interface Stopped {
  reason: StopReason;
  /** The step (from 1) that was not taken or was reverted. */
  step: number;
  /** For people. */
  detail: string;
}

/** Divergence is a failure even if the last good weights are kept; reaching a budget is not. */
export function stoppedFinding({ reason, step, detail }: Stopped): Finding {
  const status = reason === 'diverged' ? 'failed' : 'warning';
  return { check: `stopped_${reason}`, status, value: step, threshold: 0, message: `stopped at step ${step}: ${detail}` };
}

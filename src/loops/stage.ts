import type { AuthContext } from '#src/auth/auth.js';
import type { Transaction } from '#src/database/database.js';
import { LoopFailure } from './loop-failure.js';
import type { LoopFigures, LoopLack } from './loop-figures.js';
import type { LoopIteration } from './loop-iteration.entity.js';
import type { LoopOutcome } from './loop-state.js';
import type { Loop } from './loop.entity.js';

/** The result of one step of a state, done in one transaction. Empty: still waiting. */
export interface StageResult {
  /** New fields of the iteration. */
  iteration?: Partial<Omit<LoopIteration, 'loopId' | 'number' | 'figures'>>;
  figures?: LoopFigures;
  loop?: Partial<Pick<Loop, 'currentVersionId'>>;
  /** The loop looks again when this job has succeeded. */
  jobId?: string;
  /** Leaves the state. */
  outcome?: LoopOutcome;
}

/** Input of a state: the loop, with its row locked, and its current iteration. */
export interface StageTask {
  tx: Transaction;
  loop: Loop;
  iteration: LoopIteration;
  /** Missing data that made the job of this state fail, if the state treats that as a result. */
  lack?: LoopLack;
}

/**
 * The work of a state. Called again and again until it gives an outcome, never while a job that it named is under
 * way. What is there already is never made again: that is what makes a step that was cut off harmless.
 */
export type StageWork = (task: StageTask) => Promise<StageResult | null>;

/** Acts on behalf of the creator of the loop, who was authorised for all of it. */
export const ownerOf = ({ apiKeyId }: Loop): AuthContext => ({ keyId: apiKeyId!, scopes: [], vendorId: null });

/**
 * A value that an earlier state of the same iteration has left.
 *
 * @throws LoopFailure without one: retrying cannot help, so the loop fails
 */
export function made<T>(value: T | null, what: string): T {
  if (value !== null) return value;
  throw new LoopFailure({ code: 'iteration_incomplete', detail: `the iteration has no ${what}, which its state requires`, jobId: null });
}

import type { AuthContext } from '#src/auth/auth.js';
import type { Transaction } from '#src/database/database.js';
import { LoopFailure } from './loop-failure.js';
import type { LoopFigures, LoopLack } from './loop-figures.js';
import type { LoopIteration } from './loop-iteration.entity.js';
import type { LoopOutcome } from './loop-state.js';
import type { Loop } from './loop.entity.js';

/** What one step of the work of a state did, all of it inside one transaction. Nothing at all means: still waiting. */
export interface StageResult {
  /** What the iteration now has. */
  iteration?: Partial<Omit<LoopIteration, 'loopId' | 'number' | 'figures'>>;
  figures?: LoopFigures;
  loop?: Partial<Pick<Loop, 'currentVersionId'>>;
  /** The loop looks again when this job has succeeded. */
  jobId?: string;
  /** Leaves the state. */
  outcome?: LoopOutcome;
}

/** What a state is asked with: the loop, its row locked, and the iteration it is in. */
export interface StageTask {
  tx: Transaction;
  loop: Loop;
  iteration: LoopIteration;
  /** What the job of this state failed for want of, where that is an answer and no fault. */
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

// What a batch may be made of, before anything is written.
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import type { LabelingMode } from './labeling-batch.entity.js';
import type { TaskCount } from './labeling-batches.repository.js';
import type { TaskState } from './task-state.js';

export const maximumTasks = 1_000_000;
/** Nobody compares more texts than this with one another. */
export const maximumPerTask = 50;

/** What a selection of completions amounts to. */
export interface Material {
  completions: number;
  prompts: number;
  /** Completions of the prompt that has most. */
  mostPerPrompt: number;
  /** Prompts with at least two. */
  comparablePrompts: number;
  /** Pairs, as many as would be drawn. */
  pairs: number;
}

/** Items that the mode makes of the material. */
export function itemsOf(mode: LabelingMode, material: Material): number {
  switch (mode) {
    case 'rate':
      return material.completions;
    case 'rate-side-by-side':
      return material.prompts;
    case 'rank':
      return material.comparablePrompts;
    case 'compare':
      return material.pairs;
  }
}

/** Whether answers say which of two is better; otherwise they give scores. */
export const asksForOrder = (mode: LabelingMode): boolean => mode === 'rank' || mode === 'compare';

/** Whether a task shows all that is chosen of a prompt. */
export const showsWholePrompt = (mode: LabelingMode): boolean => mode === 'rank' || mode === 'rate-side-by-side';

/** Why no batch can be made of it. */
export function materialProblem(mode: LabelingMode, overlap: number, material: Material): ProblemException | undefined {
  const items = itemsOf(mode, material);
  if (items === 0) {
    const lack = material.completions === 0 ? 'no completion is chosen' : 'no prompt has two of the chosen completions';
    return unprocessable('labeling_batch_empty', '', 'notEmpty', `${lack}: there is nothing to ${mode}`);
  }
  if (showsWholePrompt(mode) && material.mostPerPrompt > maximumPerTask) {
    const message = `a prompt has ${material.mostPerPrompt} of the chosen completions; a task shows at most ${maximumPerTask}`;
    return unprocessable('too_many_completions_per_task', '/mode', 'max', message, mode);
  }
  if (items * overlap > maximumTasks) {
    const message = `${items} items of ${overlap} results each are ${items * overlap} tasks; a batch has at most ${maximumTasks}`;
    return unprocessable('too_many_tasks', '/overlap', 'max', message, overlap);
  }
  return undefined;
}

/** Tasks that labelers have or had, by what became of them. */
interface WorkedCounts {
  leased: number;
  completed: number;
  skipped: number;
  expired: number;
}

export interface TaskCounts extends WorkedCounts {
  available: number;
}

export interface VendorTaskCounts extends WorkedCounts {
  vendorId: string | null;
}

/** @param viewer a vendor, which sees its own part and what is available; null sees all */
export function batchCounts(
  rows: readonly TaskCount[],
  viewer: string | null,
): { counts: TaskCounts; countsByVendor: VendorTaskCounts[] } {
  const available = sum(rows, 'available');
  const worked = rows.filter((row) => row.state !== 'available' && row.state !== 'closed');
  const vendors = viewer === null ? [...new Set(worked.map((row) => row.vendorId))] : [viewer];
  const own = viewer === null ? worked : worked.filter((row) => row.vendorId === viewer);
  return {
    counts: { available, ...countsOf(own) },
    countsByVendor: vendors.map((vendorId) => ({ vendorId, ...countsOf(worked.filter((row) => row.vendorId === vendorId)) })),
  };
}

function countsOf(rows: readonly TaskCount[]): WorkedCounts {
  return { leased: sum(rows, 'leased'), completed: sum(rows, 'completed'), skipped: sum(rows, 'skipped'), expired: sum(rows, 'expired') };
}

function sum(rows: readonly TaskCount[], state: TaskState): number {
  return rows.reduce((total, row) => total + (row.state === state ? row.count : 0), 0);
}

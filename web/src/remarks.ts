// What a labeler may say besides the answers: flags, and why. It stands with what it is about: where completions are
// rated, each has remarks of its own; a ranking or comparison has one.
import { nameOf } from './names.js';
import type { Task } from './task.js';

export interface Remark {
  rationale: string;
  flags: readonly string[];
}

/** By `RemarkPlace.of`. */
export type Remarks = Readonly<Record<string, Remark>>;

/** Somewhere to say it. */
export interface RemarkPlace {
  /** Index of the completion that is meant, or `whole`. */
  of: string;
  /** Which completion it is shown with; null when it stands below all of them. */
  completion: number | null;
  flags: readonly { flag: string; label: string }[];
  /** Null where no reason is asked for. */
  why: string | null;
}

export const whole = 'whole';
export const noRemark: Remark = { rationale: '', flags: [] };

const unclear = { flag: 'prompt_unclear', label: 'The prompt is unclear' };
const unsafe = { flag: 'unsafe', label: 'Something here is unsafe' };

export function remarkPlaces(task: Task): RemarkPlace[] {
  if (task.mode === 'rate') return [{ of: '0', completion: null, flags: [unclear, unsafe], why: 'Why? (optional)' }];
  if (task.mode !== 'rate-side-by-side') return [{ of: whole, completion: null, flags: [unclear, unsafe], why: 'Why? (optional)' }];
  const each = task.completions.map((_, i) => ({
    of: `${i}`,
    completion: i,
    flags: [{ flag: 'unsafe', label: `Answer ${nameOf(i)} is unsafe` }],
    why: `Why? Answer ${nameOf(i)} (optional)`,
  }));
  return [...each, { of: whole, completion: null, flags: [unclear], why: null }];
}

/** As the API takes it. What is said of the whole task, such as an unclear prompt, holds for each rating in it. */
export function remarkOn(of: string, remarks: Remarks): { rationale: string | undefined; flags: string[] } {
  const { rationale, flags } = remarks[of] ?? noRemark;
  const general = of === whole ? [] : (remarks[whole] ?? noRemark).flags;
  return { rationale: rationale.trim() || undefined, flags: [...general, ...flags] };
}

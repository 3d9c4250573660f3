// What lies on a labeler's desk, as a value and the things that can happen to it. The page draws the value; only
// `app.tsx` talks to the API and tells what came of it.
import type { Answers } from './questions.js';
import { noRemark, type Remark, type Remarks } from './remarks.js';
import type { Task } from './task.js';

/** What a labeler has said about the task in hand, sent or not. */
interface Draft {
  answers: Answers;
  remarks: Remarks;
  /** Index of the question that digits answer. */
  question: number;
}

export interface Desk {
  /** The first is in hand; the others are leased and waiting. */
  tasks: readonly Task[];
  draft: Draft;
  /** Milliseconds since the epoch at which the task in hand was first shown. */
  shownAt: number;
  /** Sent in this sitting. */
  done: number;
  /** The last task that was sent, which may still be corrected. */
  last?: { task: Task; draft: Draft };
  /** The task in hand was sent before and is being corrected. */
  correcting: boolean;
  /** An answer of the API is awaited. */
  busy: boolean;
  /** There was no more work when last asked. */
  empty: boolean;
  /** For the labeler to read: what went wrong, or what just happened. */
  notice?: { text: string; problem: boolean };
}

export type DeskEvent =
  | { type: 'asked' }
  | { type: 'claimed'; tasks: readonly Task[]; at: number }
  | { type: 'chose'; key: string; option: number; question: number }
  | { type: 'moved'; question: number }
  | { type: 'wrote'; of: string; rationale: string }
  | { type: 'flagged'; of: string; flag: string; on: boolean }
  | { type: 'sent'; at: number }
  | { type: 'skipped'; at: number }
  | { type: 'undone'; at: number }
  | { type: 'lost'; why: string; at: number }
  | { type: 'failed'; why: string };

const blank: Draft = { answers: {}, remarks: {}, question: 0 };

export const emptyDesk: Desk = {
  tasks: [],
  draft: blank,
  shownAt: 0,
  done: 0,
  correcting: false,
  busy: true,
  empty: false,
};

export function nextDesk(desk: Desk, event: DeskEvent): Desk {
  switch (event.type) {
    case 'asked':
      return { ...desk, busy: true };
    case 'claimed': {
      const held = new Set(desk.tasks.map(({ id }) => id));
      const tasks = [...desk.tasks, ...event.tasks.filter(({ id }) => !held.has(id))];
      const shownAt = desk.tasks.length === 0 ? event.at : desk.shownAt;
      return { ...desk, tasks, shownAt, busy: false, empty: event.tasks.length === 0 };
    }
    case 'chose': {
      const answers = { ...desk.draft.answers, [event.key]: event.option };
      return { ...desk, draft: { ...desk.draft, answers, question: event.question } };
    }
    case 'moved':
      return { ...desk, draft: { ...desk.draft, question: event.question } };
    case 'wrote':
      return remarked(desk, event.of, ({ flags }) => ({ flags, rationale: event.rationale }));
    case 'flagged':
      return remarked(desk, event.of, ({ flags, rationale }) => {
        const others = flags.filter((flag) => flag !== event.flag);
        return { rationale, flags: event.on ? [...others, event.flag] : others };
      });
    case 'sent': {
      const text = desk.correcting ? 'Corrected.' : 'Sent.';
      const last = { task: desk.tasks[0], draft: desk.draft };
      return { ...turned(desk, event.at), done: desk.done + (desk.correcting ? 0 : 1), last, notice: { text, problem: false } };
    }
    case 'skipped':
      return { ...turned(desk, event.at), last: undefined, notice: { text: 'Skipped.', problem: false } };
    case 'undone': {
      if (!desk.last) return desk;
      const { task, draft } = desk.last;
      const notice = { text: 'Your last answer is open again: change it and submit it.', problem: false };
      return { ...desk, tasks: [task, ...desk.tasks], draft, shownAt: event.at, last: undefined, correcting: true, notice };
    }
    case 'lost':
      return { ...turned(desk, event.at), last: undefined, notice: { text: event.why, problem: true } };
    case 'failed':
      return { ...desk, busy: false, notice: { text: event.why, problem: true } };
  }
}

function remarked(desk: Desk, of: string, change: (remark: Remark) => Remark): Desk {
  const remarks = { ...desk.draft.remarks, [of]: change(desk.draft.remarks[of] ?? noRemark) };
  return { ...desk, draft: { ...desk.draft, remarks } };
}

/** The task in hand is gone and the next one lies on top. */
function turned(desk: Desk, at: number): Desk {
  return { ...desk, tasks: desk.tasks.slice(1), draft: blank, shownAt: at, correcting: false, busy: false };
}

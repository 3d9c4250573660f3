// What a task asks, as questions that each have one answer out of a few: a level of the scale, a place in an order,
// the better of two. All modes are drawn and answered the same way; only this file tells them apart.
import { nameOf } from './names.js';
import { remarkOn, whole, type Remarks } from './remarks.js';
import type { Criterion, Submission, Task } from './task.js';

interface Option {
  label: string;
  description?: string;
}

export interface Question {
  /** Unique within the task. */
  key: string;
  legend: string;
  /** Which of the task's completions it stands with; null when it is about all of them. */
  completion: number | null;
  options: readonly Option[];
}

/** Index of the chosen option, by the question's key. */
export type Answers = Readonly<Record<string, number>>;

/** In the order in which they are asked. */
export function questionsOf(task: Task, criterion: Criterion): Question[] {
  switch (task.mode) {
    case 'rate':
    case 'rate-side-by-side':
      return task.completions.flatMap((_, i) => scoreQuestions(i, task.completions.length, criterion));
    case 'rank': {
      const places = task.completions.map((_, place) => ({ label: `${place + 1}` }));
      return task.completions.map((_, i) => ({ key: `${i}`, legend: `Place of answer ${nameOf(i)} (1 is best; ties are allowed)`, completion: i, options: places }));
    }
    case 'compare':
      return [{ key: 'better', legend: 'Which answer is better?', completion: null, options: [{ label: 'Answer A' }, { label: 'Answer B' }, { label: 'Neither is better' }] }];
    default:
      return [];
  }
}

export function isComplete(questions: readonly Question[], answers: Answers): boolean {
  return questions.length > 0 && questions.every(({ key }) => answers[key] !== undefined);
}

/** The first question that is not answered, looking from `from` onwards and then from the start; `from` when all are. */
export function nextOpen(questions: readonly Question[], answers: Answers, from: number): number {
  const order = questions.map((_, i) => (from + i) % questions.length);
  return order.find((i) => answers[questions[i].key] === undefined) ?? from;
}

/** What goes with the answers. */
export interface Extras {
  remarks: Remarks;
  timeSpentMs: number;
}

/** The answers as the API takes them. All questions must be answered. */
export function submissionOf(task: Task, criterion: Criterion, answers: Answers, { remarks, timeSpentMs }: Extras): Submission {
  const ids = task.completions.map(({ id }) => id);
  switch (task.mode) {
    case 'rate':
    case 'rate-side-by-side':
      return { scores: ids.map((completionId, i) => ({ completionId, ...scoresOf(i, criterion, answers), ...remarkOn(`${i}`, remarks) })), timeSpentMs };
    case 'rank':
      return { ranking: groupsOf(ids, ids.map((_, i) => answers[`${i}`])), timeSpentMs, ...remarkOn(whole, remarks) };
    default:
      return { comparison: { preferredCompletionId: ids[answers.better] ?? null }, timeSpentMs, ...remarkOn(whole, remarks) };
  }
}

function scoreQuestions(completion: number, of: number, { name, scale, dimensions }: Criterion): Question[] {
  const which = of === 1 ? '' : `, answer ${nameOf(completion)}`;
  const options = scale.map(({ label, description }) => ({ label, description }));
  if (!dimensions) return [{ key: `${completion}`, legend: `${name}${which}`, completion, options }];
  return dimensions.map((dimension) => ({ key: `${completion}/${dimension.name}`, legend: `${dimension.name}${which}`, completion, options }));
}

function scoresOf(completion: number, { scale, dimensions }: Criterion, answers: Answers) {
  if (!dimensions) return { score: scale[answers[`${completion}`]].value };
  return { dimensionScores: Object.fromEntries(dimensions.map(({ name }) => [name, scale[answers[`${completion}/${name}`]].value])) };
}

/** Best first, those of one place together. */
function groupsOf(ids: readonly string[], places: readonly number[]): string[][] {
  const groups: string[][] = [];
  ids.forEach((id, i) => (groups[places[i]] ??= []).push(id));
  return groups.filter((group) => group !== undefined);
}

// Reads what a labeler submitted against what the task asks for: pure, so that every way to contradict oneself is
// tested without a database.
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import { readScores, type Dimension, type GivenScores, type ScoreRefusal } from '#src/ratings/dimensions.js';
import { contradiction, rankingMistake, type RankingRefusal } from '#src/ratings/ranking-rules.js';
import { detailsOf, type GivenDetails } from '#src/ratings/references.js';
import type { ScaleLevel } from '#src/ratings/scale.js';
import type { Answer, AnsweredRating } from '#src/ratings/task-answers.service.js';
import type { LabelingMode } from './labeling-batch.entity.js';

export interface AskedTask {
  mode: LabelingMode;
  /** In the order shown. */
  completionIds: readonly string[];
  scale: readonly ScaleLevel[];
  dimensions: readonly Dimension[] | null;
}

/** What a labeler says of one completion of the task. */
export interface GivenScore extends GivenScores, GivenDetails {
  completionId: string;
}

/** What a labeler says; the details are those of the ranking or comparison. */
export interface GivenAnswer extends GivenDetails {
  scores?: GivenScore[];
  ranking?: string[][];
  comparison?: { preferredCompletionId: string | null };
}

export interface SubmissionRefusal {
  code:
    | ScoreRefusal['code']
    | RankingRefusal['code']
    | 'answer_missing'
    | 'answer_not_asked_for'
    | 'completion_not_in_task'
    | 'completion_scored_twice'
    | 'scores_incomplete';
  detail: ProblemDetail;
}

type Read<T> = { value: T; refusal?: undefined } | { value?: undefined; refusal: SubmissionRefusal };

const wanted: Readonly<Record<LabelingMode, 'scores' | 'ranking' | 'comparison'>> = {
  rate: 'scores',
  'rate-side-by-side': 'scores',
  rank: 'ranking',
  compare: 'comparison',
};

export function readSubmission(task: AskedTask, answer: GivenAnswer): Read<Answer> {
  const field = wanted[task.mode];
  if (!answer[field]) return refuse('answer_missing', `/${field}`, 'isDefined', `a task of mode ${task.mode} is answered with ${field}`);
  const extra = (['ranking', 'comparison'] as const).find((name) => name !== field && answer[name]);
  if (extra) return refuse('answer_not_asked_for', `/${extra}`, 'mode', `a task of mode ${task.mode} takes no ${extra}`);
  const preference = readPreference(task, answer);
  if (preference.refusal) return preference;
  const ratings = answer.scores ? readRatings(task, answer) : { value: [] };
  if (ratings.refusal) return ratings;
  const scores = new Map(ratings.value.map(({ completionId, score }) => [completionId, score]));
  const against = preference.value && contradiction(preference.value.groups, scores);
  if (against) return { refusal: against };
  return { value: { ratings: ratings.value, preference: preference.value } };
}

function readPreference(task: AskedTask, answer: GivenAnswer): Read<Answer['preference']> {
  const rest = detailsOf(answer);
  if (task.mode === 'rank') {
    const groups = answer.ranking!;
    const mistake = rankingMistake(groups, task.completionIds);
    return mistake ? { refusal: mistake } : { value: { kind: 'ranking', groups, ...rest } };
  }
  if (task.mode === 'compare') {
    const preferred = answer.comparison!.preferredCompletionId ?? null;
    if (preferred !== null && !task.completionIds.includes(preferred)) return notInTask('/comparison/preferredCompletionId', preferred);
    const groups = preferred === null ? [[...task.completionIds]] : [[preferred], task.completionIds.filter((id) => id !== preferred)];
    return { value: { kind: 'comparison', groups, ...rest } };
  }
  return { value: null };
}

function readRatings(task: AskedTask, answer: GivenAnswer): Read<AnsweredRating[]> {
  const ratings: AnsweredRating[] = [];
  const given = answer.scores!;
  const share = evenShare(answer.timeSpentMs, given.length);
  for (const [i, score] of given.entries()) {
    const completionId = score.completionId;
    const position = task.completionIds.indexOf(completionId);
    if (position < 0) return notInTask(`/scores/${i}/completionId`, completionId);
    if (ratings.some((rating) => rating.completionId === completionId)) {
      return refuse('completion_scored_twice', `/scores/${i}/completionId`, 'scoredOnce', 'this completion has a score already', completionId);
    }
    const read = readScores(task, score);
    if (read.refusal) return { refusal: under(`/scores/${i}`, read.refusal) };
    ratings.push({ completionId, position, ...read.scores, ...detailsOf(score), timeSpentMs: score.timeSpentMs ?? share });
  }
  const missing = task.completionIds.find((id) => !ratings.some(({ completionId }) => completionId === id));
  if (missing !== undefined) return refuse('scores_incomplete', '/scores', 'complete', 'every completion of the task needs a score', missing);
  return { value: ratings };
}

function evenShare(total: number | null | undefined, parts: number): number | null {
  return total === null || total === undefined ? null : Math.round(total / parts);
}

function under(prefix: string, { code, detail }: ScoreRefusal): SubmissionRefusal {
  return { code, detail: { ...detail, pointer: prefix + detail.pointer } };
}

function notInTask(pointer: string, value: string): { refusal: SubmissionRefusal } {
  return refuse('completion_not_in_task', pointer, 'inTask', 'the task does not show this completion', value);
}

function refuse(code: SubmissionRefusal['code'], pointer: string, rule: string, message: string, value?: string): { refusal: SubmissionRefusal } {
  return { refusal: { code, detail: { pointer, rule, message, ...(value !== undefined && { value: shorten(value) }) } } };
}

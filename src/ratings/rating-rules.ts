// From what a caller says about a completion to the row that is kept, or why it cannot be taken. No database here: what is named
// was looked up before.
import { canonicalJson } from '#src/common/hash.js';
import type { ProblemDetail } from '#src/common/problem.js';
import { readScores, type GivenScores, type Scores } from './dimensions.js';
import type { Rating } from './rating.entity.js';
import { absent, addLabelerAndVersion, detailsOf, labelerOf, namedTwice, noNames, present, publishedVersion } from './references.js';
import type { GivenDetails, NamedJudgement, Names, Read, References, Refusal } from './references.js';

/** Of judgements of all kinds. */
export const ratingBounds = { externalId: 200, rationale: 10_000, position: 100_000, timeSpentMs: 2_147_483_647 } as const;

export type NewRating = Omit<Rating, 'createdAt'>;

export interface GivenRating extends NamedJudgement, GivenScores, GivenDetails {
  completionId?: string;
  completionExternalId?: string;
  position?: number;
}

export function ratingMistakes(given: GivenRating): ProblemDetail[] {
  return [...namedTwice(given, 'completionId', 'completionExternalId'), ...namedTwice(given, 'labelerId', 'labelerExternalId')];
}

/** Ids are compared as Postgres writes them, in lower case. */
export function namesOfRatings(ratings: readonly GivenRating[]): Names {
  const names = noNames();
  for (const rating of ratings) {
    if (present(rating.completionId)) names.completions.add(rating.completionId);
    else names.completionsByExternalId.add(rating.completionExternalId!);
    addLabelerAndVersion(names, rating);
  }
  return names;
}

/** The row, or the first reason against it. */
export function readRating(id: string, given: GivenRating, vendorId: string | null, references: References): Read<NewRating> {
  const scored = scoresUnder(given.criterionVersionId, given, references);
  if (scored.refusal) return scored;
  const completion = present(given.completionId)
    ? references.completions.get(given.completionId)
    : references.completionsByExternalId.get(given.completionExternalId!);
  if (!completion) return { refusal: absentCompletion(given) };
  const labeler = labelerOf(given, references);
  if (labeler.refusal) return labeler;
  return { value: newRating(id, given, vendorId, scored.value, { completionId: completion.id, labelerId: labeler.value }) };
}

/** The part that depends on no row but the criterion version. */
export function scoresUnder(criterionVersionId: string, given: GivenScores, references: Pick<References, 'versions'>): Read<Scores> {
  const version = publishedVersion(criterionVersionId, references);
  if (version.refusal) return version;
  const read = readScores(version.value, given);
  return read.refusal ? { refusal: read.refusal } : { value: read.scores };
}

/** A rating that answers no task and corrects none. */
export function newRating(
  id: string,
  given: GivenDetails & { criterionVersionId: string; position?: number | null },
  vendorId: string | null,
  scores: Scores,
  { completionId, labelerId }: Pick<Rating, 'completionId' | 'labelerId'>,
): NewRating {
  return {
    id,
    completionId,
    criterionVersionId: given.criterionVersionId,
    labelerId,
    score: scores.score,
    dimensionScores: scores.dimensionScores,
    position: given.position ?? null,
    ...detailsOf(given),
    vendorId,
    labelingTaskId: null,
    supersedesId: null,
  };
}

export function absentCompletion({ completionId, completionExternalId }: GivenRating): Refusal {
  return present(completionId)
    ? absent('completion_not_found', '/completionId', completionId)
    : absent('completion_not_found', '/completionExternalId', completionExternalId!);
}

/** Whether a rating posted again says the same. The answer to a task may be posted again by itself. */
export function sameRating(stored: Rating, row: NewRating): boolean {
  return contentOf(stored) === contentOf(row);
}

function contentOf({ id: _, labelingTaskId: __, ...content }: NewRating): string {
  return canonicalJson({ ...content, createdAt: undefined });
}

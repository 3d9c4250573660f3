import { shorten, type ProblemDetail } from '#src/common/problem.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import { readScores, type ScoreRefusal, type Scores } from './dimensions.js';
import { present } from './rating-line.js';
import type { CreateRatingDto } from './ratings.dto.js';

/** What the rows that a set of ratings names turned out to be; what is not there has no entry. */
export interface References {
  completions: ReadonlyMap<string, string>;
  completionsByExternalId: ReadonlyMap<string, string>;
  labelers: ReadonlyMap<string, string>;
  labelersByExternalId: ReadonlyMap<string, string>;
  versions: ReadonlyMap<string, CriterionVersion>;
}

export interface Refusal {
  code:
    | 'completion_not_found'
    | 'labeler_not_found'
    | 'criterion_version_not_found'
    | 'criterion_version_not_published'
    | ScoreRefusal['code'];
  detail: ProblemDetail;
}

/** Why a well-formed rating cannot be taken; the first reason found. */
export function refusal(dto: CreateRatingDto, references: References): Refusal | undefined {
  return versionRefusal(dto, references.versions) ?? completionRefusal(dto, references) ?? labelerRefusal(dto, references);
}

/** What a rating that was not refused scores. */
export function scoresOf(
  dto: Pick<CreateRatingDto, 'criterionVersionId' | 'score' | 'dimensionScores'>,
  versions: ReadonlyMap<string, CriterionVersion>,
): Scores {
  const read = readScores(versions.get(dto.criterionVersionId)!, dto);
  if (read.refusal) throw new RangeError(`a refused rating has no scores: ${read.refusal.code}`);
  return read.scores;
}

/** The part that does not depend on rows other than the criterion version. */
export function versionRefusal(
  dto: Pick<CreateRatingDto, 'criterionVersionId' | 'score' | 'dimensionScores'>,
  versions: ReadonlyMap<string, CriterionVersion>,
): Refusal | undefined {
  const version = versions.get(dto.criterionVersionId);
  if (!version) return absent('criterion_version_not_found', '/criterionVersionId', dto.criterionVersionId);
  if (version.state !== 'published') {
    const message = `criterion version ${version.id} is a draft: publish it first`;
    return {
      code: 'criterion_version_not_published',
      detail: { pointer: '/criterionVersionId', rule: 'published', message, value: version.id },
    };
  }
  return readScores(version, dto).refusal;
}

export function absent(
  code: 'completion_not_found' | 'labeler_not_found' | 'criterion_version_not_found',
  pointer: string,
  value: string,
): Refusal {
  const what = code.replace('_not_found', '').replaceAll('_', ' ');
  return { code, detail: { pointer, rule: 'exists', message: `no such ${what}`, value: shorten(value) } };
}

function completionRefusal(dto: CreateRatingDto, references: References): Refusal | undefined {
  const found =
    present(dto.completionId)
      ? references.completions.has(dto.completionId)
      : references.completionsByExternalId.has(dto.completionExternalId!);
  return found ? undefined : absentCompletion(dto);
}

function labelerRefusal(dto: CreateRatingDto, references: References): Refusal | undefined {
  const found =
    present(dto.labelerId)
      ? references.labelers.has(dto.labelerId)
      : references.labelersByExternalId.has(dto.labelerExternalId!);
  return found ? undefined : absentLabeler(dto);
}

export function absentCompletion(dto: CreateRatingDto): Refusal {
  return present(dto.completionId)
    ? absent('completion_not_found', '/completionId', dto.completionId)
    : absent('completion_not_found', '/completionExternalId', dto.completionExternalId!);
}

export function absentLabeler(dto: CreateRatingDto): Refusal {
  return present(dto.labelerId)
    ? absent('labeler_not_found', '/labelerId', dto.labelerId)
    : absent('labeler_not_found', '/labelerExternalId', dto.labelerExternalId!);
}

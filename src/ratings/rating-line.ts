// Reads one line of a bulk request. class-validator takes more time than the insert, so a line is first
// held against the same rules by hand; only what these do not pass is shown to the DTO, which has the last
// word and the messages. rating-line.spec.ts holds the two against each other.
import { isUUID, length } from 'class-validator';
import type { ProblemDetail } from '#src/common/problem.js';
import { isStorable } from '#src/common/storable.js';
import { validatePlain } from '#src/common/validation.js';
import { areDimensionScores, areFlags } from './flags.js';
import { CreateRatingDto, ratingBounds } from './ratings.dto.js';

export type RatingLine = { value: CreateRatingDto; errors?: undefined } | { value?: undefined; errors: ProblemDetail[] };

const idFields = ['criterionVersionId', 'completionId', 'labelerId'] as const;

export function readRatingLine(given: unknown): RatingLine {
  if (passesRules(given)) {
    // As the DTO does.
    for (const name of idFields) if (present(given[name])) given[name] = given[name].toLowerCase();
    return namedOnce(given);
  }
  const checked = validatePlain(CreateRatingDto, given);
  return checked.errors ? checked : namedOnce(checked.value);
}

/** The rules of `CreateRatingDto`, without their messages. */
export function passesRules(given: unknown): given is CreateRatingDto {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) return false;
  let criterionVersion = false;
  for (const name of Object.keys(given)) {
    const value = (given as Record<string, unknown>)[name];
    switch (name) {
      case 'criterionVersionId':
        if (!isUUID(value)) return false;
        criterionVersion = true;
        break;
      case 'score':
        if (present(value) && !Number.isFinite(value)) return false;
        break;
      case 'dimensionScores':
        if (present(value) && !areDimensionScores(value)) return false;
        break;
      case 'flags':
        if (present(value) && !areFlags(value)) return false;
        break;
      case 'completionId':
      case 'labelerId':
        if (present(value) && !isUUID(value)) return false;
        break;
      case 'completionExternalId':
      case 'labelerExternalId':
      case 'externalId':
        if (present(value) && !isText(value, ratingBounds.externalId)) return false;
        break;
      case 'rationale':
        if (present(value) && !isText(value, ratingBounds.rationale)) return false;
        break;
      case 'position':
      case 'timeSpentMs':
        if (present(value) && !isCount(value, ratingBounds[name])) return false;
        break;
      default:
        return false;
    }
  }
  return criterionVersion;
}

/** The one rule that no single field can tell: completion and labeler are each named in exactly one way. */
export function namingMistakes(dto: CreateRatingDto): ProblemDetail[] {
  const both = [
    ['completionId', 'completionExternalId'],
    ['labelerId', 'labelerExternalId'],
  ] as const;
  return both
    .filter(([id, externalId]) => present(dto[id]) === present(dto[externalId]))
    .map(([id, externalId]) => ({ pointer: `/${id}`, rule: 'oneOf', message: `give ${id} or ${externalId}, exactly one of them` }));
}

function namedOnce(value: CreateRatingDto): RatingLine {
  const errors = namingMistakes(value);
  return errors.length > 0 ? { errors } : { value };
}

/** A field given as null counts as left out, as it does for the DTO. */
export function present<T>(value: T): value is NonNullable<T> {
  return value !== null && value !== undefined;
}

function isText(value: unknown, max: number): boolean {
  return typeof value === 'string' && length(value, 1, max) && isStorable(value);
}

function isCount(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

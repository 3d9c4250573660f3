import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { isUUID, length, ValidateBy } from 'class-validator';
import { lowerCase } from '#src/common/is-uuid.js';
import { isStorable } from '#src/common/storable.js';
import { ratingBounds } from './rating-rules.js';

const maximumRanked = 100;

/** The shape of a ranking; whether it is consistent, ranking-rules.ts tells. */
function isRanking(value: unknown, isName: (name: unknown) => boolean): value is string[][] {
  if (!Array.isArray(value) || value.length > maximumRanked) return false;
  return value.every((group) => Array.isArray(group) && group.length <= maximumRanked && group.every(isName));
}

export function IsRanking(): PropertyDecorator {
  const message = () => `$property must be an array of arrays of completion ids, of at most ${maximumRanked} each`;
  const validate = (value: unknown) => isRanking(value, (id) => isUUID(id));
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => lowerCase(value)),
    ValidateBy({ name: 'isRanking', validator: { validate, defaultMessage: message } }),
  );
}

export function IsRankingByExternalIds(): PropertyDecorator {
  const message = () => `$property must be an array of arrays of external ids of completions, of at most ${maximumRanked} each`;
  const isExternalId = (name: unknown) => typeof name === 'string' && length(name, 1, ratingBounds.externalId) && isStorable(name);
  const validate = (value: unknown) => isRanking(value, isExternalId);
  return ValidateBy({ name: 'isRanking', validator: { validate, defaultMessage: message } });
}

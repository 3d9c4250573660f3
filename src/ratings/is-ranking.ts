import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { isUUID, ValidateBy } from 'class-validator';
import { lowerCase } from '#src/common/is-uuid.js';

const maximumRanked = 100;

/** The shape of a ranking; whether it is consistent, ranking-rules.ts tells. */
export function isRanking(value: unknown): value is string[][] {
  if (!Array.isArray(value) || value.length > maximumRanked) return false;
  return value.every((group) => Array.isArray(group) && group.length <= maximumRanked && group.every((id) => isUUID(id)));
}

export function IsRanking(): PropertyDecorator {
  const message = () => `$property must be an array of arrays of completion ids, of at most ${maximumRanked} each`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => lowerCase(value)),
    ValidateBy({ name: 'isRanking', validator: { validate: isRanking, defaultMessage: message } }),
  );
}

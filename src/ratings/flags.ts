import { ValidateBy } from 'class-validator';

/**
 * Words a labeler puts on what is judged: `unsafe`, `prompt_unclear`, `off_topic`. The vocabulary is open, its size
 * is not.
 */
const flag = /^[a-z][a-z0-9_]{0,39}$/;
export const maximumFlags = 10;

function areFlags(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length > maximumFlags || new Set(value).size < value.length) return false;
  return value.every((word) => typeof word === 'string' && flag.test(word));
}

export function AreFlags(): PropertyDecorator {
  const message = () => `$property must be at most ${maximumFlags} different words of a-z, 0-9 and _, of up to 40 characters`;
  return ValidateBy({ name: 'areFlags', validator: { validate: areFlags, defaultMessage: message } });
}

/** Bounds `dimensionScores` before the criterion version is known. */
function areDimensionScores(value: unknown): value is Record<string, number> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= 20 && entries.every(([name, score]) => name.length <= 60 && typeof score === 'number' && Number.isFinite(score));
}

export function AreDimensionScores(): PropertyDecorator {
  const message = () => '$property must be an object of at most 20 numbers by name of dimension';
  return ValidateBy({ name: 'areDimensionScores', validator: { validate: areDimensionScores, defaultMessage: message } });
}

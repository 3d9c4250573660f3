import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isStorableText, unstorableMessage } from './json.js';

/** Whether every string in a JSON value can be stored as it is and read back the same. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (value === null || typeof value !== 'object') return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorable(inner));
}

/** Required on every text and every free-form object of a body: unstorable text would fail in the database with a 500. */
export function IsStorable(options?: ValidationOptions): PropertyDecorator {
  const message = () => `$property ${unstorableMessage}`;
  return ValidateBy({ name: 'isStorable', validator: { validate: isStorable, defaultMessage: message } }, options);
}

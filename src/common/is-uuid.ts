import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsUUID as LooksLikeUUID, type ValidationOptions } from 'class-validator';
import { isId } from './id.js';

/**
 * An id, or with `each` a list of them, in lower case before any rule looks at it: two letter cases are one id, and a list
 * that must not repeat must not repeat in another case either. In place of class-validator's, whose name it has so that the
 * OpenAPI document knows it.
 */
export function IsUUID(version?: undefined, options?: ValidationOptions): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => lowerCase(value)),
    LooksLikeUUID(version, options),
  );
}

/** Applies to every text in nested lists; other rules refuse anything else. */
export function lowerCase(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase();
  return Array.isArray(value) ? value.map(lowerCase) : value;
}

/** The ids of an address (`:id`, `:sessionId`) in lower case. */
export function withLowerCaseIds(params: Record<string, unknown>): Record<string, unknown> {
  const namesId = (name: string, value: unknown): value is string => /(^i|I)d$/.test(name) && typeof value === 'string' && isId(value.toLowerCase());
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, namesId(name, value) ? value.toLowerCase() : value]));
}

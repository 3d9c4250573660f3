import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync } from 'class-validator';
import { cut } from './text.js';
import { ProblemException, shorten, type ProblemDetail } from './problem.js';

/** Shared by the HTTP pipe and by the reader of NDJSON lines, so that both refuse the same things. */
const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true } as const;

/** Unknown fields, wrong types and broken rules become one 422 with a pointer per mistake. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    ...options,
    transform: true,
    exceptionFactory: (errors) => validationProblem(flatten(errors)),
  });
}

/** Validates one plain value (a line of NDJSON, say) against a DTO class: the instance, or its mistakes. */
export function validatePlain<T extends object>(
  type: ClassConstructor<T>,
  value: unknown,
): { value: T; errors?: undefined } | { value?: undefined; errors: ProblemDetail[] } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { errors: [{ pointer: '', rule: 'isObject', message: 'must be a JSON object', value: shorten(value) }] };
  }
  const instance = plainToInstance(type, value);
  const errors = flatten(validateSync(instance, options));
  return errors.length > 0 ? { errors } : { value: instance };
}

export function validationProblem(errors: ProblemDetail[]): ProblemException {
  const unknown = errors.every((error) => error.rule === 'whitelistValidation');
  return new ProblemException({
    status: 422,
    code: unknown ? 'unknown_field' : 'validation_failed',
    title: 'The request is not valid',
    detail: cut(errors.map((error) => `${error.pointer}: ${error.message}`).join('; '), 1000),
    errors,
  });
}

function flatten(errors: ValidationError[], parent = ''): ProblemDetail[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      rule,
      message,
      ...(error.value !== undefined && { value: shorten(error.value) }),
    }));
    return [...own, ...flatten(error.children ?? [], pointer)];
  });
}

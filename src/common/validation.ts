import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { Readable } from 'node:stream';
import { hasChanges } from './presence.js';
import { instantiate } from './instantiate.js';
import { pointerStep } from './json.js';
import { ProblemException, shorten, unsupportedMediaType, type ProblemDetail } from './problem.js';
import { passes } from './rules.js';

/** Types of arguments that are no DTOs. */
const simple: unknown[] = [undefined, String, Boolean, Number, Array, Object, Buffer, Date, Promise];

/** Makes DTOs of bodies and queries. Unknown fields, wrong types and broken rules become one 422 with a pointer per mistake. */
@Injectable()
export class RequestPipe implements PipeTransform {
  transform(given: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom') return given;
    if (type === 'body' && given instanceof Readable) throw unsupportedMediaType('application/json');
    if (simple.includes(metatype)) return given;
    // A request without a body sets no fields.
    const { value, errors } = validatePlain(metatype as ClassConstructor<object>, given === undefined ? {} : given);
    if (errors) throw validationProblem(errors);
    return value;
  }
}

/** Validates one plain value (a body, a line of NDJSON) against a DTO class: the instance, or its mistakes. */
export function validatePlain<T extends object>(
  type: ClassConstructor<T>,
  value: unknown,
): { value: T; errors?: undefined } | { value?: undefined; errors: ProblemDetail[] } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { errors: [{ pointer: '', rule: 'isObject', message: 'must be a JSON object', value: shorten(value) }] };
  }
  if (Object.keys(value).length === 0 && hasChanges(type)) {
    return { errors: [{ pointer: '', rule: 'atLeastOneField', message: 'must have at least one field to change' }] };
  }
  const { instance, unknown } = instantiate(type, value);
  if (unknown.length === 0 && passes(type, instance)) return { value: instance };
  const errors = [...unknown, ...flatten(validateSync(instance, { forbidUnknownValues: true }))];
  return errors.length > 0 ? { errors } : { value: instance };
}

export function validationProblem(errors: ProblemDetail[]): ProblemException {
  const unknown = errors.every((error) => error.rule === 'whitelistValidation');
  return new ProblemException({
    status: 422,
    code: unknown ? 'unknown_field' : 'validation_failed',
    title: 'The request is not valid',
    detail: shorten(errors.map((error) => `${error.pointer}: ${error.message}`).join('; '), 1000),
    errors,
  });
}

/** A value of the wrong type also breaks every other rule; only the type is reported. */
const typeRules = ['isString', 'isInt', 'isNumber', 'isBoolean', 'isObject', 'isArray', 'isTime'];

function flatten(errors: (Omit<ValidationError, 'property'> & { property?: string })[], parent = ''): ProblemDetail[] {
  return errors.flatMap((error) => {
    // For a value that should be an object, class-validator reports neither path nor value.
    if (error.property === undefined) return [{ pointer: parent, rule: 'isObject', message: 'must be a JSON object' }];
    const pointer = `${parent}/${pointerStep(error.property)}`;
    const broken = Object.entries(error.constraints ?? {});
    const ofType = broken.filter(([rule]) => typeRules.includes(rule));
    const own = (ofType.length > 0 ? ofType : broken).map(([rule, message]) => ({
      pointer,
      rule,
      message,
      ...(error.value !== undefined && { value: shorten(error.value) }),
    }));
    return [...own, ...flatten(error.children ?? [], pointer)];
  });
}

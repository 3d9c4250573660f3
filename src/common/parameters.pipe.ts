import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { shorten } from './problem.js';
import { validationProblem, validatePlain } from './validation.js';
import type { ClassConstructor } from 'class-transformer';

/** The greatest number of an integer column. */
const maxInteger = 2_147_483_647;

/** A number in a path: from 0, and of a size that a column has. */
@Injectable()
export class IntegerPipe implements PipeTransform<string, number> {
  /** For the OpenAPI document. */
  static readonly schema = { type: 'integer', minimum: 0, maximum: maxInteger };

  /** @throws ProblemException 422 `validation_failed` */
  transform(given: string, { data = '' }: ArgumentMetadata): number {
    if (/^\d{1,10}$/.test(given) && Number(given) <= maxInteger) return Number(given);
    throw validationProblem([{ pointer: `/${data}`, rule: 'isInt', message: `${data} must be an integer from 0 to ${maxInteger}`, value: shorten(given) }]);
  }
}

/** For a body that is one of several classes, discriminated by one field: validates it as the class that the field names. */
export class OneOfPipe<T extends object> implements PipeTransform<unknown, T> {
  constructor(
    private readonly field: string,
    private readonly types: Readonly<Record<string, ClassConstructor<T>>>,
  ) {}

  /** @throws ProblemException 422 `validation_failed`, `unknown_field` */
  transform(body: unknown): T {
    const name = (body as Record<string, unknown> | null | undefined)?.[this.field];
    if (typeof name !== 'string' || !Object.hasOwn(this.types, name)) {
      const message = `${this.field} must be one of the following values: ${Object.keys(this.types).join(', ')}`;
      const value = name === undefined ? {} : { value: shorten(name) };
      throw validationProblem([{ pointer: `/${this.field}`, rule: 'isIn', message, ...value }]);
    }
    const { value, errors } = validatePlain(this.types[name], body);
    if (errors) throw validationProblem(errors);
    return value;
  }
}

import type { PipeTransform } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import { shorten } from './problem.js';
import { validatePlain, validationProblem } from './validation.js';

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

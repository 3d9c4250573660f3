import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { shorten } from './problem.js';
import { validationProblem } from './validation.js';

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

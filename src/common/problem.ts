import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { HttpException } from '@nestjs/common';
import { cut } from './text.js';

/** One mistake in a request: where it is, which rule it broke, and the value that broke it. */
export class ProblemDetail {
  /** JSON pointer (RFC 6901) into the body, or the name of a query parameter. */
  @ApiProperty({ example: '/scale/0/value' })
  pointer: string;

  /** The rule that was broken, stable for machines. */
  @ApiProperty({ example: 'isInt' })
  rule: string;

  @ApiProperty({ example: 'value must be an integer number' })
  message: string;

  /** The value that was refused, shortened where long. */
  @ApiPropertyOptional({ example: '3.5' })
  value?: string;
}

/** A problem document (RFC 9457). `code` is stable identifier: branch on it, not on `title`. */
export class Problem {
  @ApiProperty({ example: 'https://plumbline.dev/problems/validation_failed' })
  type: string;

  @ApiProperty({ example: 'validation_failed' })
  code: string;

  @ApiProperty({ example: 'The request is not valid' })
  title: string;

  @ApiProperty({ example: 422 })
  status: number;

  @ApiPropertyOptional({ example: 'score must be one of the values of the scale: 1, 2, 3, 4, 5' })
  detail?: string;

  @ApiPropertyOptional({ example: '/v1/ratings' })
  instance?: string;

  /** The log has it too: name it when you ask about the request. */
  @ApiPropertyOptional({ example: '0b9dd9b2-63d5-4b6c-9a3d-6ad9e6a1f2a4' })
  requestId?: string;

  @ApiPropertyOptional({ type: [ProblemDetail] })
  errors?: ProblemDetail[];
}

export interface ProblemInit {
  status: number;
  code: string;
  title: string;
  detail?: string;
  errors?: ProblemDetail[];
  headers?: Record<string, string>;
}

/** Throw this anywhere below a controller: the filter answers with the problem document. */
export class ProblemException extends HttpException {
  readonly init: ProblemInit;

  constructor(init: ProblemInit) {
    super(init.detail ?? init.title, init.status);
    this.init = init;
  }
}

/** @param requestId of the answer's header `x-request-id` */
export function problemDocument(init: ProblemInit, instance?: string, requestId?: string): Problem {
  return {
    type: `https://plumbline.dev/problems/${init.code}`,
    code: init.code,
    title: init.title,
    status: init.status,
    ...(init.detail !== undefined && { detail: init.detail }),
    ...(instance !== undefined && { instance }),
    ...(requestId !== undefined && { requestId }),
    ...(init.errors && { errors: init.errors }),
  };
}

export function notFound(resource: string, id: string): ProblemException {
  return new ProblemException({
    status: 404,
    code: `${resource}_not_found`,
    title: 'Not found',
    detail: `no ${resource.replaceAll('_', ' ')} has the id '${id}'`,
  });
}

export function conflict(code: string, detail: string, errors?: ProblemDetail[]): ProblemException {
  return new ProblemException({ status: 409, code, title: 'Conflict with stored data', detail, errors });
}

/** A request that is well formed and still cannot be done: 422 with the pointer of the field at fault. */
export function unprocessable(
  code: string,
  pointer: string,
  rule: string,
  message: string,
  value?: unknown,
): ProblemException {
  return new ProblemException({
    status: 422,
    code,
    title: 'The request cannot be processed',
    detail: message,
    errors: [{ pointer, rule, message, ...(value !== undefined && { value: shorten(value) }) }],
  });
}

/** A dependency is unavailable: the same request or job may succeed later. */
export function unavailable(code: string, detail: string): ProblemException {
  return new ProblemException({ status: 503, code, title: 'Temporarily unavailable', detail, headers: { 'retry-after': '10' } });
}

/** The same problem with its pointers as they are in another body. */
export function repointed({ init }: ProblemException, move: (pointer: string) => string): ProblemException {
  return new ProblemException({ ...init, errors: init.errors?.map((error) => ({ ...error, pointer: move(error.pointer) })) });
}

/** A body of a type that the route does not read. @param wanted the media type that it does, in words @param accept as a header */
export function unsupportedMediaType(wanted: string, given?: string, accept = wanted): ProblemException {
  return new ProblemException({
    status: 415,
    code: 'unsupported_media_type',
    title: 'The media type is not supported',
    detail: `the media type must be ${wanted}${given === undefined ? '' : `, got '${shorten(given)}'`}`,
    headers: { accept },
  });
}

/** A value for an error message: short, and always a text that can be stored. */
export function shorten(value: unknown, limit = 120): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return cut(text, limit);
}

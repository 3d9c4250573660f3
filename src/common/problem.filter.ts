import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { outage } from './outage.js';
import { problemDocument, ProblemException, type ProblemInit } from './problem.js';

/** Titles and codes for errors that Nest or Fastify raise before our code runs. */
const byStatus: Record<number, Pick<ProblemInit, 'code' | 'title'>> = {
  400: { code: 'malformed_request', title: 'The request could not be read' },
  401: { code: 'unauthorized', title: 'A valid API key is required' },
  403: { code: 'forbidden', title: 'The API key does not allow this request' },
  404: { code: 'route_not_found', title: 'Not found' },
  405: { code: 'method_not_allowed', title: 'Method not allowed' },
  408: { code: 'request_timeout', title: 'The request arrived too slowly' },
  413: { code: 'body_too_large', title: 'The body is too large' },
  414: { code: 'uri_too_long', title: 'The address is too long' },
  415: { code: 'unsupported_media_type', title: 'The media type is not supported' },
  429: { code: 'rate_limited', title: 'Too many requests' },
  431: { code: 'headers_too_large', title: 'The headers are too large' },
  503: { code: 'unavailable', title: 'The service is not ready' },
};

/** Turns every error into an RFC 9457 problem document; an unexpected error becomes a 500 without details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const init = toProblem(error);
    if (init.status >= 500) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const place = { requestId: request.id, method: request.method, route: request.routeOptions.url, stack };
      if (init.status === 500) this.logger.error({ ...place, msg: 'request failed' });
      else this.logger.warn({ ...place, msg: init.title });
    }
    void reply
      .status(init.status)
      .headers(init.headers ?? {})
      .header('content-type', 'application/problem+json; charset=utf-8')
      .serializer((value: unknown) => JSON.stringify(value))
      .send(problemDocument(init, request.url.split('?')[0], request.id));
  }
}

function toProblem(error: unknown): ProblemInit {
  if (error instanceof ProblemException) return error.init;
  const status = statusOf(error);
  if (status !== undefined && status < 500) return { ...problemOfStatus(status), detail: (error as Error).message };
  if (status === 503) return problemOfStatus(503);
  return outage(error) ?? { status: 500, code: 'internal_error', title: 'Internal error; the cause is in the server log' };
}

/** Errors raised by Nest or Fastify. */
export function problemOfStatus(status: number): ProblemInit {
  return { status, ...(byStatus[status] ?? byStatus[400]) };
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  // A body whose `content-encoding` cannot be undone.
  if (typeof code === 'string' && code.startsWith('Z_')) return 400;
  return typeof statusCode === 'number' ? statusCode : undefined;
}

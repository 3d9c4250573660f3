// A request can be found again: its id is in the answer, in the problem document and in every line of the log.
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuthenticatedRequest } from '#src/auth/auth.js';
import { logContext } from '#src/common/log-context.js';

/** A caller's own id, where it is one that can stand in a log line. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The trace of a `traceparent` header (W3C Trace Context). */
function traceId(header: string | string[] | undefined): string | undefined {
  const id = typeof header === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header)?.[1] : undefined;
  return id === undefined || /^0+$/.test(id) ? undefined : id;
}

const logger = new Logger('Access');

/** The log line of a request that reaches no hook. */
export function logUnrouted(requestId: string, status: number, method: string | null): void {
  logger.log({ msg: 'request', requestId, method, route: null, status, keyId: null });
}

/** Before all other hooks. One line for each answer: no texts, no secrets, no values of queries. */
export function logRequests(fastify: FastifyInstance): void {
  const written = new WeakMap<FastifyRequest, number>();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    written.set(request, request.raw.socket.bytesWritten);
    const trace = traceId(request.headers['traceparent']);
    logContext.run({ requestId: request.id, method: request.method, route: request.routeOptions.url, ...(trace && { traceId: trace }) }, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { url: route } = request.routeOptions;
    const trace = traceId(request.headers['traceparent']);
    const line = {
      msg: 'request',
      requestId: request.id,
      ...(trace && { traceId: trace }),
      method: request.method,
      route: route ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      bytes: request.raw.socket.bytesWritten - (written.get(request) ?? 0),
      keyId: (request as AuthenticatedRequest).auth?.keyId ?? null,
    };
    if (route === '/healthz' || route === '/readyz') logger.debug(line);
    else logger.log(line);
    done();
  });
}

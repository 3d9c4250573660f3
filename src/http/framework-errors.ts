// Requests that Node and Fastify refuse before any route, as problem documents.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { problemOfStatus } from '#src/common/problem.filter.js';
import { problemDocument, type ProblemInit } from '#src/common/problem.js';
import { logUnrouted, requestId } from './request-log.js';

const type = 'application/problem+json; charset=utf-8';

/** The router's: bad escapes and parameters that are too long. */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const init = { ...problemOfStatus(error.statusCode ?? 400), detail: error.statusCode === 414 ? 'a segment of the path is too long' : 'the path is not valid: percent-encode it as UTF-8' };
  logUnrouted(request.id, init.status, request.method);
  void reply
    .status(init.status)
    .headers({ 'content-type': type, 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problemDocument(init, undefined, request.id));
}

/** Node's: what is not HTTP, headers too large or too slow. There is no request yet, only a socket. */
export function clientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const init = problemOfStatus(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400);
  const id = requestId({ headers: {} });
  logUnrouted(id, init.status, null);
  const body = JSON.stringify(problemDocument(init, undefined, id));
  const head = [`HTTP/1.1 ${init.status} ${init.title}`, `content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`, `x-request-id: ${id}`, 'connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroySoon());
}

/** Fastify's and Nest's own answers, such as the 503 of a server that is closing. */
export function problemsOnly(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const given = String(reply.getHeader('content-type') ?? '');
    if (reply.statusCode < 400 || !given.startsWith('application/json') || typeof payload !== 'string' || !payload.includes('"statusCode":')) {
      return done(null, payload);
    }
    const init: ProblemInit = problemOfStatus(reply.statusCode);
    const body = JSON.stringify(problemDocument(init, request.url.split('?')[0], request.id));
    void reply.headers({ 'content-type': type, 'content-length': Buffer.byteLength(body) });
    done(null, body);
  });
}

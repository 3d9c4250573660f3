import { Injectable, StreamableFile, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { json } from 'node:stream/consumers';
import { catchError, from, mergeMap, of, type Observable } from 'rxjs';
import { canonicalJson, sha256 } from '#src/common/hash.js';
import { conflict, ProblemException, unprocessable } from '#src/common/problem.js';
import { secretAnswerKey, type AuthenticatedRequest } from './auth.js';
import { IdempotencyRepository, type StoredAnswer } from './idempotency.repository.js';

/** Headers of an answer that a client acts on and that a replay must therefore repeat. */
const keptHeaders = ['location', 'retry-after'];

/**
 * `Idempotency-Key` on any POST: the first answer is kept for 24 hours and given again to a repeat, the same
 * key with another request is refused, and a failure frees the key. Streamed bodies are identified by their
 * length and type only; their items carry external ids of their own.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly answers: IdempotencyRepository,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.auth) return next.handle();
    if (typeof key !== 'string' || key.length === 0 || key.length > 255) {
      throw unprocessable('idempotency_key_invalid', 'Idempotency-Key', 'length', 'Idempotency-Key must have 1 to 255 characters', key);
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const keyId = request.auth.keyId;
    const hash = requestHash(request);
    if (!(await this.answers.reserve(keyId, key, hash))) {
      return of(replay(await this.answers.find(keyId, key), hash, reply));
    }
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        // What is to be kept is held; only without a key does a bulk answer pass by.
        const body = answer instanceof StreamableFile ? await json(answer.getStream()) : answer;
        const headers = Object.fromEntries(
          keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
        );
        const secret = this.reflector.get<boolean | undefined>(secretAnswerKey, context.getHandler());
        await this.answers.complete(keyId, key, { status: reply.statusCode, headers, body: secret ? null : body });
        return body;
      }),
      catchError((error: unknown) =>
        from(this.answers.release(keyId, key)).pipe(
          mergeMap(() => {
            throw error;
          }),
        ),
      ),
    );
  }
}

function requestHash(request: AuthenticatedRequest): string {
  const streamed = typeof (request.body as { pipe?: unknown } | null)?.pipe === 'function';
  const body = streamed
    ? { type: request.headers['content-type'], length: request.headers['content-length'] }
    : request.body;
  return sha256(canonicalJson({ method: request.method, url: request.url, body }));
}

function replay(answer: StoredAnswer | undefined, hash: string, reply: FastifyReply): unknown {
  if (answer && answer.requestHash !== hash) {
    throw new ProblemException({
      status: 422,
      code: 'idempotency_key_reused',
      title: 'The Idempotency-Key was used for another request',
      detail: 'the same Idempotency-Key came with another route or body before',
    });
  }
  if (!answer || answer.status === null) {
    throw conflict('idempotency_key_in_use', 'the first request with this Idempotency-Key is still at work: try again shortly');
  }
  if (answer.body === null && answer.status !== 204) {
    throw conflict('answer_not_kept', 'the request with this Idempotency-Key succeeded; its answer held a secret and is shown once');
  }
  void reply.status(answer.status).headers(answer.headers ?? {}).header('idempotency-replayed', 'true');
  return answer.body;
}

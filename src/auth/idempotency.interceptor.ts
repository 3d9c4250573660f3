import { Injectable, StreamableFile, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { catchError, finalize, from, mergeMap, of, type Observable } from 'rxjs';
import { conflict, ProblemException, unprocessable } from '#src/common/problem.js';
import { secretAnswerKey, type AuthenticatedRequest } from './auth.js';
import { IdempotencyRepository, type StoredAnswer } from './idempotency.repository.js';
import { hasPrint, headPrint, joinPrint, PrintedBody, splitPrint } from './request-print.js';

/** Headers of an answer that a client acts on and that a replay must therefore repeat. */
const keptHeaders = ['location', 'retry-after'];

/**
 * `Idempotency-Key` on any POST: the first answer is kept for 24 hours and given again to a repeat, the same
 * key with another request is refused, and a failure frees the key. While the first request is at work, its reservation
 * is renewed, however long that takes.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  /** Three times before a reservation counts as left behind. */
  static renewEveryMs = 20_000;

  constructor(
    private readonly answers: IdempotencyRepository,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.auth) return next.handle();
    if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw unprocessable('idempotency_key_invalid', 'Idempotency-Key', 'length', 'Idempotency-Key must have 1 to 255 characters of ASCII', key);
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const keyId = request.auth.keyId;
    const head = headPrint(request);
    if (!(await this.answers.reserve(keyId, key, joinPrint(head)))) {
      return of(await replay(await this.answers.find(keyId, key), head, request.body, reply));
    }
    const printed = request.body instanceof Readable ? new PrintedBody(request.body) : undefined;
    if (printed) request.body = printed.stream;
    const renewal = setInterval(() => void this.renew(keyId, key), IdempotencyInterceptor.renewEveryMs);
    return next.handle().pipe(
      mergeMap(async (given: unknown) => {
        // What is to be kept is held; only without a key does a bulk answer pass by.
        const body = given instanceof StreamableFile ? await json(given.getStream()) : given;
        const headers = Object.fromEntries(
          keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
        );
        const secret = this.reflector.get<boolean | undefined>(secretAnswerKey, context.getHandler());
        const answer = { requestHash: joinPrint(head, printed?.print()), status: reply.statusCode, headers, body: secret ? null : body };
        await this.answers.complete(keyId, key, answer);
        return body;
      }),
      catchError((error: unknown) =>
        from(this.answers.release(keyId, key)).pipe(
          mergeMap(() => {
            throw error;
          }),
        ),
      ),
      finalize(() => clearInterval(renewal)),
    );
  }

  private async renew(keyId: string, key: string): Promise<void> {
    // One that fails is made up for by the next; the request itself meets the same database.
    await this.answers.renew(keyId, key).catch(() => undefined);
  }
}

async function replay(answer: StoredAnswer | undefined, head: string, body: unknown, reply: FastifyReply): Promise<unknown> {
  const first = answer && splitPrint(answer.requestHash);
  if (first && first.head !== head) throw reused();
  if (!answer || answer.status === null) {
    throw conflict('idempotency_key_in_use', 'the first request with this Idempotency-Key is still at work: try again shortly');
  }
  if (body instanceof Readable ? first?.body === undefined || !(await hasPrint(body, first.body)) : first?.body !== undefined) throw reused();
  if (answer.body === null && answer.status !== 204) {
    throw conflict('answer_not_kept', 'the request with this Idempotency-Key succeeded; its answer held a secret and is shown once');
  }
  void reply.status(answer.status).headers(answer.headers ?? {}).header('idempotency-replayed', 'true');
  return answer.body;
}

function reused(): ProblemException {
  return new ProblemException({
    status: 422,
    code: 'idempotency_key_reused',
    title: 'The Idempotency-Key was used for another request',
    detail: 'the same Idempotency-Key came with another route or body before',
  });
}

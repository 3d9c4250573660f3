import {
  Injectable,
  Logger,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { lastValueFrom, of, type Observable } from 'rxjs';
import type { BulkItemResult } from '#src/common/bulk.js';
import { sha256 } from '#src/common/hash.js';
import { conflict, ProblemException, unprocessable } from '#src/common/problem.js';
import { underKey, type WriteOnce } from '#src/common/write-once.js';
import { Database } from '#src/database/database.js';
import { secretAnswerKey, type AuthenticatedRequest } from './auth.js';
import { IdempotencyRepository, type StoredAnswer } from './idempotency.repository.js';
import { hasPrint, headPrint, joinPrint, PrintedBody, splitPrint } from './request-print.js';

/** Headers of an answer that a client acts on and that a replay must therefore repeat. */
const keptHeaders = ['location', 'retry-after'];

const forgetEveryMs = 3_600_000;
const forgottenAtOnce = 1000;

/**
 * `Idempotency-Key` on any POST: the first answer is kept for 24 hours and given again to a repeat, the same
 * key with another request is refused, and a failure frees the key. While the first request is at work, its reservation
 * is renewed, however long that takes.
 *
 * What a request with a JSON body writes and the answer under its key are one transaction: a process that dies leaves
 * both or neither. A streamed body is read in many transactions. Each set of its lines and the results of the set are one, so that
 * a repeat of a bulk that was cut off goes on after the sets that landed.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor, OnApplicationBootstrap, OnModuleDestroy {
  /** Three times before a reservation counts as left behind. */
  static renewEveryMs = 20_000;

  private readonly logger = new Logger('Idempotency');
  private timer: NodeJS.Timeout | undefined;
  private forgetting: Promise<void> = Promise.resolve();

  constructor(
    private readonly answers: IdempotencyRepository,
    private readonly database: Database,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    const forget = (): void => {
      this.forgetting = this.forget().catch((error: Error) => this.logger.warn(`expired idempotent responses were not deleted: ${error.message}`));
    };
    this.timer = setInterval(forget, forgetEveryMs);
    forget();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.forgetting;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || !request.auth) return next.handle();
    if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw unprocessable('idempotency_key_invalid', 'Idempotency-Key', 'length', 'Idempotency-Key must have 1 to 255 printable ASCII characters', key);
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const keyId = request.auth.keyId;
    const head = headPrint(request);
    if (!(await this.answers.reserve(keyId, key, joinPrint(head)))) {
      return of(await replay(await this.answers.find(keyId, key), head, request.body, reply));
    }
    const secret = this.reflector.get<boolean | undefined>(secretAnswerKey, context.getHandler()) ?? false;
    const keep = (body: string, print?: string) =>
      this.answers.complete(keyId, key, {
        requestHash: joinPrint(head, print),
        status: reply.statusCode,
        headers: keptHeadersOf(reply),
        body: secret ? null : body,
      });
    const renewal = setInterval(() => void this.renew(keyId, key), IdempotencyInterceptor.renewEveryMs);
    try {
      if (request.body instanceof Readable) {
        const keepLanded = (body: string, print: string) =>
          this.database.transaction(async () => {
            await keep(body, print);
            await this.answers.dropSets(keyId, key);
          });
        return of(await underKey(this.once(keyId, key, head), () => this.landed(request, next, keepLanded)));
      }
      return of(
        await this.database.transaction(async () => {
          const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
          await keep(JSON.stringify(answer) ?? '');
          return answer;
        }),
      );
    } catch (error) {
      // If this also fails, the key expires after a minute.
      await this.answers.release(keyId, key).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** A streamed body: its lines are stored even if the response fails. */
  private async landed(request: AuthenticatedRequest, next: CallHandler, keep: (body: string, print: string) => Promise<void>): Promise<unknown> {
    const printed = new PrintedBody(request.body as Readable);
    request.body = printed.stream;
    const given: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    // A response to be stored is buffered; a bulk response without a key is streamed.
    const held = given instanceof StreamableFile ? await text(given.getStream()) : (JSON.stringify(given) ?? '');
    await keep(held, printed.print()).catch((error: Error) => this.logger.error(`an idempotent response was not stored: ${error.message}`));
    return given instanceof StreamableFile ? new StreamableFile(Buffer.from(held), given.options) : given;
  }

  private once(keyId: string, key: string, head: string): WriteOnce {
    return (lines, write) =>
      this.database.transaction(async () => {
        const firstLine = lines[0].line;
        const print = sha256(head + JSON.stringify(lines));
        const stored = await this.answers.findSet(keyId, key, firstLine);
        if (stored && stored.print !== print) throw reused();
        if (stored) return JSON.parse(stored.results) as BulkItemResult[];
        const results = await write();
        if (!(await this.answers.keepSet(keyId, key, firstLine, { print, results: JSON.stringify(results) }))) throw inProgress();
        return results;
      });
  }

  private async renew(keyId: string, key: string): Promise<void> {
    // A failed renewal is made up for by the next one.
    await this.answers.renew(keyId, key).catch(() => undefined);
  }

  /** Some at a time, so that no transaction is long. */
  private async forget(): Promise<void> {
    await this.answers.forgetSets();
    while (this.timer && (await this.answers.forget(forgottenAtOnce)) === forgottenAtOnce);
  }
}

function keptHeadersOf(reply: FastifyReply): string {
  return JSON.stringify(Object.fromEntries(keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : []))));
}

async function replay(answer: StoredAnswer | undefined, head: string, body: unknown, reply: FastifyReply): Promise<unknown> {
  const first = answer && splitPrint(answer.requestHash);
  if (first && first.head !== head) throw reused();
  if (!answer || answer.status === null) {
    throw inProgress();
  }
  if (body instanceof Readable ? first?.body === undefined || !(await hasPrint(body, first.body)) : first?.body !== undefined) throw reused();
  if (answer.body === null) {
    throw conflict('answer_not_kept', 'the request with this Idempotency-Key succeeded; its response held a secret and cannot be repeated');
  }
  const headers = JSON.parse(answer.headers ?? '{}') as Record<string, string>;
  void reply.status(answer.status).headers(headers).header('idempotency-replayed', 'true');
  return answer.body ? (JSON.parse(answer.body) as unknown) : undefined;
}

function inProgress(): ProblemException {
  return conflict('idempotency_key_in_use', 'the first request with this Idempotency-Key is still in progress: retry shortly');
}

function reused(): ProblemException {
  return new ProblemException({
    status: 422,
    code: 'idempotency_key_reused',
    title: 'The Idempotency-Key was used for a different request',
    detail: 'this Idempotency-Key was used with another route or body: use a new key',
  });
}

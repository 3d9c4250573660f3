import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner, type ReplicationMode } from 'typeorm';
import { databaseUnavailable, outage } from '#src/common/outage.js';
import { ProblemException } from '#src/common/problem.js';

/** Seconds that a query waits for a free connection. */
export const acquireSeconds = 10;

const logger = new Logger('Database');

interface Ambient {
  tx: EntityManager;
  /** Work that outlives its transaction runs outside it. */
  over: boolean;
  /** The last of the queries that were lent the connection. */
  last: Promise<unknown>;
}

/**
 * Inside a transaction every query runs in it, whether or not it was given `tx`. A query that took another connection of
 * the pool meanwhile would wait for one that other transactions hold, and these for each other: ten requests were enough to block a
 * process permanently (docs/adr/0100).
 */
export class AmbientDataSource extends DataSource {
  private readonly ambient = new AsyncLocalStorage<Ambient>();

  /** A nested transaction is a savepoint: it can fail alone, and is committed only with the outer one. */
  inTransaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const outer = this.ambient.getStore();
    if (outer && !outer.over) return outer.tx.transaction(work);
    return super.transaction(async (tx) => {
      const own: Ambient = { tx, over: false, last: Promise.resolve() };
      try {
        return await this.ambient.run(own, () => work(tx));
      } finally {
        own.over = true;
      }
    });
  }

  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    const outer = this.ambient.getStore();
    if (outer && !outer.over) return lent(outer);
    const runner = super.createQueryRunner(mode);
    const connect = runner.connect.bind(runner);
    const query: QueryRunner['query'] = runner.query.bind(runner);
    runner.connect = () => (connect() as Promise<unknown>).catch(withoutConnection);
    runner.query = ((...call: Parameters<QueryRunner['query']>) => (query(...call) as Promise<unknown>).catch(cutOff)) as QueryRunner['query'];
    return runner;
  }
}

/** The transaction's own runner for a query that was not given it. */
function lent(ambient: Ambient): QueryRunner {
  const runner = ambient.tx.queryRunner!;
  const own: Partial<Record<string | symbol, unknown>> = {
    // The caller that began the transaction ends it.
    release: () => Promise.resolve(),
    query: (...call: Parameters<QueryRunner['query']>) => {
      const result = ambient.last.then(() => queryIn(runner, call));
      ambient.last = result.catch(() => undefined);
      return result;
    },
  };
  return new Proxy(runner, { get: (target, name) => own[name] ?? (Reflect.get(target, name) as unknown) });
}

/** A write that fails leaves the transaction as it was, so that its caller can look into why, as without a transaction. */
async function queryIn(runner: QueryRunner, call: Parameters<QueryRunner['query']>): Promise<unknown> {
  if (!/^\s*(insert|update|delete|with)\b/i.test(call[0])) return runner.query(...call);
  await runner.query('SAVEPOINT lent');
  try {
    const result: unknown = await runner.query(...call);
    await runner.query('RELEASE SAVEPOINT lent');
    return result;
  } catch (error) {
    await runner.query('ROLLBACK TO SAVEPOINT lent');
    throw error;
  }
}

/** The pool's message when all connections are in use; other messages come from the database. */
const busy = 'timeout exceeded when trying to connect';
const headers = { 'retry-after': '5' };

function withoutConnection(error: Error): never {
  if (error.message !== busy) throw unavailable(error);
  const detail = `no database connection became free within ${acquireSeconds} s`;
  throw new ProblemException({ status: 503, code: 'database_busy', title: 'The database is busy', detail, headers });
}

/** A query whose connection broke, since the server was stopped or went away. */
function cutOff(error: Error): never {
  throw outage(error)?.status === 503 ? unavailable(error) : error;
}

function unavailable(error: Error): ProblemException {
  logger.warn(`no connection to the database: ${error.message}`);
  return new ProblemException({ ...databaseUnavailable });
}

import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { EntityManager } from 'typeorm';
import type { AmbientDataSource } from './ambient-data-source.js';

/** A handle on one transaction, passed down to the repositories that take part in it. */
export type Transaction = EntityManager;

/** The services' view of the database: transactions. Queries belong to repositories. */
@Injectable()
export class Database {
  constructor(@InjectDataSource() private readonly dataSource: AmbientDataSource) {}

  /**
   * All or nothing of what `work` does. A transaction that `work` begins, itself or in a service of another room, is part
   * of this one, and so is every query: the hand-over of `tx` shows who takes part, it does not decide it.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.dataSource.inTransaction(work);
  }

  /** @throws when the database does not answer within `ms` */
  async ping(ms: number): Promise<void> {
    const late = new AbortController();
    const limit = wait(ms, undefined, { signal: late.signal }).then(() => {
      throw new Error(`the database did not answer within ${ms} ms`);
    });
    try {
      await Promise.race([this.dataSource.query('SELECT 1'), limit]);
    } finally {
      late.abort();
      await limit.catch(() => undefined);
    }
  }
}

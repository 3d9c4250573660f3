import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** A handle on one transaction, passed down to the repositories that take part in it. */
export type Transaction = EntityManager;

/** What services need of the database: transactions. Queries belong to repositories. */
@Injectable()
export class Database {
  private readonly joined = new AsyncLocalStorage<Transaction>();

  constructor(private readonly dataSource: DataSource) {}

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const outer = this.joined.getStore();
    return outer ? work(outer) : this.dataSource.transaction(work);
  }

  /**
   * Makes part of `tx` what `work` would do in transactions of its own: services of several rooms then succeed or fail
   * together. Queries of theirs outside transactions do not see what `tx` has not committed.
   */
  join<T>(tx: Transaction, work: () => Promise<T>): Promise<T> {
    return this.joined.run(tx, work);
  }

  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }
}

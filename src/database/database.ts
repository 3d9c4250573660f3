import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

/** A handle on one transaction, passed down to the repositories that take part in it. */
export type Transaction = EntityManager;

/** What services need of the database: transactions. Queries belong to repositories. */
@Injectable()
export class Database {
  constructor(private readonly dataSource: DataSource) {}

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }
}

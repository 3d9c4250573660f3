import { from } from 'pg-copy-streams';
import type { PoolClient } from 'pg';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DataSource } from 'typeorm';

/**
 * COPY, the fastest way in: all rows or none, and no word about which row broke what.
 *
 * @param into table with its columns, `ratings (id, score)`
 * @param text rows as `copyLine` writes them
 */
export async function copyRows(dataSource: DataSource, into: string, text: string): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PoolClient;
    await pipeline(Readable.from([Buffer.from(text)]), client.query(from(`COPY ${into} FROM STDIN`)));
  } finally {
    await runner.release();
  }
}

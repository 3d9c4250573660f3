// The yardstick of bulk ingest: the same rows, as text, by COPY into a twin of the table.
import type { Client } from 'pg';
import { from, to } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** All rows of a table in the text form of COPY. */
export async function rowsOf(database: Client, table: string): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of database.query(to(`COPY ${table} TO STDOUT`))) chunks.push(chunk as Buffer);
  return chunks;
}

/**
 * Seconds of COPY into a fresh twin with the table's columns, constraints and indexes; the twin is dropped.
 *
 * @param references what the twin gets foreign keys to: `{ labeler_id: 'labelers' }`
 */
export async function copyInto(
  database: Client,
  table: string,
  rows: readonly Buffer[],
  { references, expected }: { references: Readonly<Record<string, string>>; expected: number },
): Promise<number> {
  const twin = `${table}_twin`;
  await database.query(`CREATE TABLE ${twin} (LIKE ${table} INCLUDING ALL)`);
  for (const [column, referenced] of Object.entries(references)) await database.query(`ALTER TABLE ${twin} ADD FOREIGN KEY (${column}) REFERENCES ${referenced}`);
  await database.query('CHECKPOINT');
  const started = performance.now();
  await pipeline(Readable.from(rows), database.query(from(`COPY ${twin} FROM STDIN`)));
  const seconds = (performance.now() - started) / 1000;
  const { rows: [{ count }] } = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${twin}`);
  await database.query(`DROP TABLE ${twin}`);
  if (count !== expected) throw new Error(`COPY wrote ${count} rows and not ${expected}`);
  return seconds;
}

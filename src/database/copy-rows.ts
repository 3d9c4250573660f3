import { from } from 'pg-copy-streams';
import type { PoolClient } from 'pg';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DataSource } from 'typeorm';

// The text form of COPY: a row per line, fields between tabs.

const special = /[\\\n\r\t]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of COPY, including the newline. Texts must not contain NUL, as everywhere in Postgres. */
export function copyLine(fields: readonly (string | number | null)[]): string {
  let line = '';
  for (let i = 0; i < fields.length; i++) {
    if (i > 0) line += '\t';
    line += field(fields[i]);
  }
  return line + '\n';
}

function field(value: string | number | null): string | number {
  if (value === null) return '\\N';
  return typeof value === 'number' ? value : value.replace(special, (character) => escapes[character]);
}

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

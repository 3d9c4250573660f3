import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { newId } from '#src/common/id.js';
import { Database, type Transaction } from '#src/database/database.js';

/** Claims of contents, and contents that became unreferenced. Times are the database's. */
@Injectable()
export class ContentsRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
  ) {}

  /** Claims a content for a row to come and returns the id of the claim. Waits for a running removal. */
  claim(sha256: string, seconds: number): Promise<string> {
    return this.database.transaction(async (tx) => {
      const id = newId();
      await lock(tx, sha256);
      await tx.query('INSERT INTO content_claims (id, sha256, until) VALUES ($1, $2, now() + make_interval(secs => $3))', [id, sha256, seconds]);
      return id;
    });
  }

  /** Rows name the contents from this transaction on. */
  async settle(tx: Transaction, claimIds: readonly string[]): Promise<void> {
    await tx.query('DELETE FROM content_claims WHERE id = ANY($1::uuid[])', [claimIds]);
  }

  /** Marks contents that become unreferenced in this transaction with an expired claim, so that they are removed even if this process dies. */
  async abandon(tx: Transaction, contents: readonly string[]): Promise<void> {
    await tx.query('INSERT INTO content_claims (id, sha256, until) SELECT gen_random_uuid(), s, now() FROM unnest($1::text[]) s', [contents]);
  }

  /** Contents whose claims are over, whether or not a row names them. */
  async over(limit: number): Promise<string[]> {
    const rows: { sha256: string }[] = await this.dataSource.query(
      'SELECT DISTINCT sha256 FROM (SELECT sha256 FROM content_claims WHERE until <= now() ORDER BY until LIMIT $1) o',
      [limit],
    );
    return rows.map(({ sha256 }) => sha256);
  }

  /** Calls `remove` unless a row refers to the content or claims it; new claims wait meanwhile. */
  removing(sha256: string, remove: () => Promise<void>): Promise<void> {
    return this.database.transaction(async (tx) => {
      await lock(tx, sha256);
      // In one statement: a row that names a content and the end of its claim come at the same moment.
      const [{ wanted }] = await tx.query<{ wanted: boolean }[]>(
        `SELECT EXISTS (SELECT FROM artifacts WHERE sha256 = $1) OR EXISTS (SELECT FROM run_saves WHERE sha256 = $1)
           OR EXISTS (SELECT FROM content_claims WHERE sha256 = $1 AND until > now()) AS wanted`,
        [sha256],
      );
      if (!wanted) await remove();
      await tx.query('DELETE FROM content_claims WHERE sha256 = $1 AND until <= now()', [sha256]);
    });
  }
}

async function lock(tx: Transaction, sha256: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [sha256]);
}

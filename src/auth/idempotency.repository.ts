import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface StoredAnswer {
  /** See request-print.ts. */
  requestHash: string;
  /** Null while the first request with this key is still at work. */
  status: number | null;
  /** JSON as text, so that no character of it can be refused. */
  headers: string | null;
  /** The response as sent; null if it held a secret. */
  body: string | null;
}

/** Lines of a bulk request that landed while the request itself was not answered yet. */
export interface StoredSet {
  /** Of the request's address and these lines. */
  print: string;
  /** JSON: one result for each line. */
  results: string;
}

@Injectable()
export class IdempotencyRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Reserves the key; false if it was used before. A reservation that is not renewed, because its process died, expires after a minute. */
  async reserve(apiKeyId: string, key: string, requestHash: string): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `INSERT INTO idempotency_keys (api_key_id, key, request_hash) VALUES ($1, $2, $3)
       ON CONFLICT (api_key_id, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
         WHERE (idempotency_keys.status IS NULL AND idempotency_keys.created_at < now() - interval '1 minute')
            OR idempotency_keys.created_at < now() - interval '24 hours'
       RETURNING key`,
      [apiKeyId, key, requestHash],
    );
    return rows.length > 0;
  }

  async find(apiKeyId: string, key: string): Promise<StoredAnswer | undefined> {
    const rows: StoredAnswer[] = await this.dataSource.query(
      `SELECT request_hash AS "requestHash", status, headers, body FROM idempotency_keys WHERE api_key_id = $1 AND key = $2`,
      [apiKeyId, key],
    );
    return rows[0];
  }

  /** The request with this key is still at work. */
  async renew(apiKeyId: string, key: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE idempotency_keys SET created_at = now() WHERE api_key_id = $1 AND key = $2 AND status IS NULL`,
      [apiKeyId, key],
    );
  }

  async complete(apiKeyId: string, key: string, { requestHash, status, headers, body }: StoredAnswer): Promise<void> {
    await this.dataSource.query(
      `UPDATE idempotency_keys SET request_hash = $3, status = $4, headers = $5, body = $6 WHERE api_key_id = $1 AND key = $2`,
      [apiKeyId, key, requestHash, status, headers, body],
    );
  }

  /** What became of a set of lines that landed under this key; undefined if it did not. */
  async findSet(apiKeyId: string, key: string, firstLine: number): Promise<StoredSet | undefined> {
    const rows: StoredSet[] = await this.dataSource.query(
      `SELECT print, results FROM idempotency_sets
       WHERE api_key_id = $1 AND key = $2 AND first_line = $3 AND created_at >= now() - interval '24 hours'`,
      [apiKeyId, key, firstLine],
    );
    return rows[0];
  }

  /** In place of one that has expired; false if another request under this key wrote the set meanwhile. */
  async keepSet(apiKeyId: string, key: string, firstLine: number, { print, results }: StoredSet): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `INSERT INTO idempotency_sets AS kept (api_key_id, key, first_line, print, results) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (api_key_id, key, first_line) DO UPDATE SET print = excluded.print, results = excluded.results, created_at = now()
         WHERE kept.created_at < now() - interval '24 hours'
       RETURNING key`,
      [apiKeyId, key, firstLine, print, results],
    );
    return rows.length > 0;
  }

  /** The response of the whole request is kept instead. */
  async dropSets(apiKeyId: string, key: string): Promise<void> {
    await this.dataSource.query(`DELETE FROM idempotency_sets WHERE api_key_id = $1 AND key = $2`, [apiKeyId, key]);
  }

  async forgetSets(): Promise<void> {
    await this.dataSource.query(`DELETE FROM idempotency_sets WHERE created_at < now() - interval '24 hours'`);
  }

  /** Drops up to `limit` answers that no repeat can get any more; how many. */
  async forget(limit: number): Promise<number> {
    const [, count]: [unknown, number] = await this.dataSource.query(
      `DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
         SELECT api_key_id, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return count;
  }

  async release(apiKeyId: string, key: string): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM idempotency_keys WHERE api_key_id = $1 AND key = $2 AND status IS NULL`,
      [apiKeyId, key],
    );
  }
}

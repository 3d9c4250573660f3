import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { newUuid } from './uuid-sql.js';

test('ids made by SQL are UUIDv7, of now, and different', async () => {
  const url = new URL(inject('postgresUrl'));
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>(`SELECT ${newUuid} AS id FROM generate_series(1, 1000)`);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1000);
    for (const { id } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Math.abs(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(60_000);
    }
  } finally {
    await client.end();
  }
});

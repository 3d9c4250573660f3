// What docs/operations.md tells operators to watch is there: its queries run, its metrics are reported.
import { readFileSync } from 'node:fs';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

const page = readFileSync('docs/operations.md', 'utf8');

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp();
});
afterAll(() => t.close());

test('the queries of the page run on the schema', async () => {
  const queries = [...page.matchAll(/```sql\n([^]*?)```/g)].flatMap(([, block]) => block.trim().split('\n'));
  expect(queries).toHaveLength(3);
  await withSql(t, async (client) => {
    for (const query of queries) await client.query(query);
  });
});

test('the metrics of the page are reported', async () => {
  const names = [...page.matchAll(/^\| `([a-z0-9_]+)` \| `\/metrics` \|/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(2);
  await request(t.http).get('/healthz').expect(200);
  const { text } = await request(t.http).get('/metrics').set(t.admin).expect(200);
  for (const name of names) expect(text).toMatch(new RegExp(`^${name}(_bucket\\{|[ {])`, 'm'));
});

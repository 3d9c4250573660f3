// A bulk request under an Idempotency-Key whose connection breaks, and which is sent again.
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdempotencyRepository } from '#src/auth/idempotency.repository.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let completionId: string;
let criterionVersionId: string;
let labelerId: string;

beforeAll(async () => {
  t = await createTestApp();
  completionId = (await givenPrompt(t, 'count', [{ text: 'one' }])).completionIds[0];
  criterionVersionId = await givenCriterionVersion(t);
  labelerId = await givenLabeler(t, 'ann');
});
afterAll(() => t.close());

const type = { 'content-type': 'application/x-ndjson' };
const rows = async (sql: string): Promise<number> => withSql(t, async (client) => (await client.query(sql)).rowCount!);
const send = (path: string, key: string, lines: string[]) => request(t.http).post(path).set(t.admin).set(type).set('idempotency-key', key).send(lines.join('\n'));
/** Every second one has no external id: nothing but the key tells it from a new one. */
const ratings = (mark: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ completionId, criterionVersionId, labelerId, score: 1 + (i % 3), rationale: mark, ...(i % 2 === 0 && { externalId: `${mark}/${i}` }) }),
  );

/** Sends the lines without an end and breaks the connection when `landed` of them are stored. */
async function cutOff(path: string, key: string, lines: string[], landed: number, sql: string): Promise<void> {
  const { port } = t.http.address() as AddressInfo;
  const sending = httpRequest({ port, path, method: 'POST', headers: { ...t.admin, ...type, 'idempotency-key': key } });
  sending.on('error', () => undefined);
  sending.write(lines.join('\n') + '\n');
  await expect.poll(() => rows(sql), { timeout: 20_000 }).toBe(landed);
  sending.destroy();
  await expect.poll(() => rows(`SELECT FROM idempotency_keys WHERE key = '${key}'`)).toBe(0);
}

describe('a bulk that was cut off and is sent again', () => {
  const stored = (mark: string) => `SELECT FROM ratings WHERE rationale = '${mark}'`;

  test('lands each line once, and is answered like one that was not cut off', async () => {
    const lines = ratings('cut', 9_000);
    await cutOff('/v1/ratings/bulk', 'cut', lines.slice(0, 8_500), 8_000, stored('cut'));
    const { body } = await send('/v1/ratings/bulk', 'cut', lines).expect(200);
    expect(body).toMatchObject({ created: 9_000, duplicates: 0, failed: 0 });
    expect(body.items.map(({ line }: { line: number }) => line)).toEqual(lines.map((_, i) => i + 1));
    expect(await rows(stored('cut'))).toBe(9_000);
    const ids = JSON.stringify(body.items.map(({ id }: { id: string }) => id));
    expect(await withSql(t, async (client) => (await client.query(`SELECT count(*)::int AS n FROM ratings WHERE rationale = 'cut' AND id IN (SELECT value::uuid FROM json_array_elements_text($1))`, [ids])).rows)).toEqual([{ n: 9_000 }]);

    const again = await send('/v1/ratings/bulk', 'cut', lines).expect(200).expect('idempotency-replayed', 'true');
    expect(again.body).toEqual(body);
    expect(await rows(`SELECT FROM idempotency_sets`)).toBe(0);
  });

  test('with other lines is refused, and adds none', async () => {
    const lines = ratings('first', 4_200);
    await cutOff('/v1/ratings/bulk', 'other', lines, 4_000, stored('first'));
    const { body } = await send('/v1/ratings/bulk', 'other', ratings('second', 4_200)).expect(422);
    expect(body.code).toBe('idempotency_key_reused');
    expect(await rows(stored('second'))).toBe(0);
  });

  test('a day later is another request, whose lines land', async () => {
    const lines = ratings('old', 4_200);
    await cutOff('/v1/ratings/bulk', 'old', lines, 4_000, stored('old'));
    await withSql(t, (client) => client.query(`UPDATE idempotency_sets SET created_at = now() - interval '25 hours' WHERE key = 'old'`));
    const { body } = await send('/v1/ratings/bulk', 'old', lines).expect(200);
    // Half of the lines have an external id, by which they are known without the key.
    expect(body).toMatchObject({ created: 2_200, duplicates: 2_000, failed: 0 });
  });

  test('while another request under the key writes the same lines lands nothing', async () => {
    const answers = t.app.get(IdempotencyRepository, { strict: false });
    const keepSet = answers.keepSet.bind(answers);
    answers.keepSet = async (...set) => {
      answers.keepSet = keepSet;
      await withSql(t, (client) => client.query('INSERT INTO idempotency_sets VALUES ($1, $2, $3, $4, $5)', [...set.slice(0, 3), 'print', '[]']));
      return keepSet(...set);
    };
    const { body } = await send('/v1/ratings/bulk', 'raced', ratings('raced', 10)).expect(409);
    expect(body.code).toBe('idempotency_key_in_use');
    expect(await rows(stored('raced'))).toBe(0);
  });

  test('of prompts is the same', async () => {
    const lines = Array.from({ length: 2_500 }, (_, i) => JSON.stringify(i === 3 ? { text: '' } : { text: `prompt ${i}` }));
    await cutOff('/v1/prompts/bulk', 'prompts', lines.slice(0, 2_200), 2_000, `SELECT FROM prompts WHERE text LIKE 'prompt %'`);
    const { body } = await send('/v1/prompts/bulk', 'prompts', lines).expect(200);
    expect(body).toMatchObject({ created: 2_499, duplicates: 0, failed: 1 });
    expect(body.items[3]).toMatchObject({ line: 4, status: 'failed' });
    expect(await rows(`SELECT FROM prompts WHERE text LIKE 'prompt %'`)).toBe(2_499);
  });
});

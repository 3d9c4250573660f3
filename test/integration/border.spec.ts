// Text, numbers, names and times as they come in: kept and given back as they were, or refused with their place.
import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp();
});
afterAll(() => t.close());

const post = (path: string, body: object | string) => request(t.http).post(path).set(t.admin).type('json').send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const send = (path: string, type: string, body: Buffer, headers: Record<string, string> = {}) =>
  request(t.http).post(path).set(t.admin).set({ 'content-type': type, ...headers }).serialize((bytes) => bytes as string).send(body as never);
const ndjson = 'application/x-ndjson';
const mark = Buffer.from([0xef, 0xbb, 0xbf]);
const latin1 = Buffer.from('{"text":"caf\xe9"}', 'latin1');

interface Item { line: number; status: string; code?: string; errors?: { pointer: string }[] }
const outcomes = (body: { items: Item[] }) => body.items.map(({ line, status, code, errors }) => [line, code ?? status, ...(errors ?? []).map(({ pointer }) => pointer)]);

describe('case 62: bytes that are not UTF-8', () => {
  it('case 62: are refused in JSON', async () => {
    const { body } = await send('/v1/prompts', 'application/json', latin1).expect(400);
    expect(body).toMatchObject({ code: 'not_utf8', detail: 'the body is not valid UTF-8' });
  });

  it('case 62: fail their line of a bulk alone', async () => {
    const lines = Buffer.concat([Buffer.from('{"text":"café"}\n'), latin1, Buffer.from('\n{"text":"猫 😀"}\n')]);
    const { body } = await send('/v1/prompts/bulk', ndjson, lines).expect(200);
    expect(outcomes(body)).toEqual([[1, 'created'], [2, 'not_utf8', ''], [3, 'created']]);
    expect((await get(`/v1/prompts/${body.items[2].id}`)).body.text).toBe('猫 😀');
  });

  it.each(['/v1/prompts?tag=caf%e9', '/v1/prompts?tag=100%', '/v1/policies/%ff'])('case 62: are refused in %s', async (path) => {
    const { body } = await get(path).expect(400);
    expect(body).toMatchObject({ code: 'malformed_request' });
  });
});

it.each(['application/json; charset=iso-8859-1', 'application/json; charset="utf-16"'])('case 45: %s is refused', async (type) => {
  const { body, headers } = await send('/v1/prompts', type, Buffer.from('{"text":"a"}')).expect(415);
  expect(body.code).toBe('unsupported_charset');
  expect(headers.accept).toBe('application/json; charset=utf-8');
  await send('/v1/prompts/bulk', type.replace('json', 'x-ndjson'), Buffer.from('{"text":"a"}')).expect(415);
  await send('/v1/prompts', 'application/json; charset="UTF-8"', Buffer.from('{"text":"a"}')).expect(201);
});

it('case 7: a byte order mark is skipped', async () => {
  const line = Buffer.from('{"text":"marked"}');
  expect((await send('/v1/prompts', 'application/json', Buffer.concat([mark, line])).expect(201)).body.text).toBe('marked');
  const { body } = await send('/v1/prompts/bulk', ndjson, Buffer.concat([mark, line, Buffer.from('\n'), mark, line])).expect(200);
  expect(outcomes(body)).toEqual([[1, 'created'], [2, 'malformed_json', '']]);
});

describe('case 65: bodies of other types', () => {
  it.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense'])('case 65: %s is refused', async (type) => {
    const answer = await fetch(`${await url()}/v1/prompts`, {
      method: 'POST',
      headers: { ...t.admin, ...(type && { 'content-type': type }) },
      body: new Blob(['{"text":"x"}']),
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([415, 'unsupported_media_type']);
    expect(answer.headers.get('accept')).toMatch(/^application\/json/);
  });

  it('case 65: NDJSON where JSON belongs, and the other way round', async () => {
    const one = await send('/v1/prompts', ndjson, Buffer.from('{"text":"x"}')).expect(415);
    expect(one.headers.accept).toBe('application/json');
    const two = await send('/v1/prompts/bulk', 'application/json', Buffer.from('{"text":"x"}')).expect(415);
    expect(two.headers.accept).toBe(ndjson);
  });
});

describe('encoded bodies', () => {
  const body = Buffer.from('{"text":"squeezed"}');

  it.each([['gzip', gzipSync(body)], ['deflate', deflateSync(body)], ['br', brotliCompressSync(body)]])('%s is undone', async (encoding, bytes) => {
    expect((await send('/v1/prompts', 'application/json', bytes, { 'content-encoding': encoding }).expect(201)).body.text).toBe('squeezed');
    expect((await send('/v1/prompts/bulk', ndjson, bytes, { 'content-encoding': encoding }).expect(200)).body.created).toBe(1);
  });

  it('what is not what it says, what is unknown, and what grows beyond the limit are refused', async () => {
    await send('/v1/prompts', 'application/json', body, { 'content-encoding': 'gzip' }).expect(400);
    await send('/v1/prompts/bulk', ndjson, body, { 'content-encoding': 'gzip' }).expect(400);
    const unknown = await send('/v1/prompts', 'application/json', body, { 'content-encoding': 'zstd' }).expect(415);
    expect(unknown.headers['accept-encoding']).toContain('identity');
    const bomb = gzipSync(Buffer.from(`{"text":"${'x'.repeat(20_000_000)}"}`));
    expect(bomb.length).toBeLessThan(100_000);
    await send('/v1/prompts', 'application/json', bomb, { 'content-encoding': 'gzip' }).expect(413);
  });
});

describe("users' own objects", () => {
  const names = '{"constructor":"Lotus","toString":"s","valueOf":1,"hasOwnProperty":{"constructor":{"prototype":2}},"__proto__":{"then":"x"},"length":3}';

  it('case 61: names of JavaScript are names like others', async () => {
    const one = await post('/v1/prompts', `{"text":"a","metadata":${names}}`).expect(201);
    const bulk = await send('/v1/prompts/bulk', ndjson, Buffer.from(`{"text":"b","metadata":${names}}`)).expect(200);
    for (const id of [one.body.id, bulk.body.items[0].id] as string[]) {
      // supertest's own JSON would hide what is in __proto__.
      const text = await (await fetch(`${await url()}/v1/prompts/${id}`, { headers: t.admin })).text();
      expect(sorted(JSON.parse(text).metadata)).toEqual(sorted(JSON.parse(names)));
    }
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('case 61: %s is no field of a body', async (name) => {
    const { body } = await post('/v1/prompts', `{"text":"a","${name}":{"prototype":1}}`).expect(422);
    expect(body).toMatchObject({ code: 'unknown_field', errors: [{ pointer: `/${name}` }] });
    const bulk = await send('/v1/prompts/bulk', ndjson, Buffer.from(`{"text":"a","${name}":1}\n{"text":"b"}`)).expect(200);
    expect(outcomes(bulk.body)).toEqual([[1, 'unknown_field', `/${name}`], [2, 'created']]);
  });

  it.each(['7686919658146354599', '-9007199254740993', '1e400', '-1e999', '1e-400', `1${'0'.repeat(400)}`])('case 10: %s is refused', async (number) => {
    const line = `{"text":"a","metadata":{"at":[1,{"row":${number}}]}}`;
    const { body } = await post('/v1/prompts', line).expect(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer: '/metadata/at/1/row', rule: 'exactNumber' })]);
    const bulk = await send('/v1/prompts/bulk', ndjson, Buffer.from(`${line}\n{"text":"b"}`)).expect(200);
    expect(outcomes(bulk.body)).toEqual([[1, 'validation_failed', '/metadata/at/1/row'], [2, 'created']]);
  });

  it('case 10: what a double holds is given back, also beside digits in texts', async () => {
    const metadata = { a: 9007199254740991, b: -9007199254740992, c: 0.1, d: 1e300, e: 5e-324, f: 1e21, g: '7686919658146354599', h: 12345678901234567000, i: 0.30000000000000004 };
    const { body } = await post('/v1/prompts', { text: '7686919658146354599', metadata }).expect(201);
    expect(body.metadata).toEqual(metadata);
  });

  it.each([65, 5_000, 50_000])('case 64: %i levels are refused', async (depth) => {
    const line = `{"text":"a","metadata":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    const { body } = await post('/v1/prompts', line).expect(422);
    expect(body.errors[0].rule).toBe('maxDepth');
    const unknown = await post('/v1/prompts', `{"text":"a","other":${'['.repeat(depth)}${']'.repeat(depth)}}`).expect(422);
    expect(unknown.body.errors[0].rule).toBe('maxDepth');
    const bulk = await send('/v1/prompts/bulk', ndjson, Buffer.from(`${line}\n{"text":"b"}`)).expect(200);
    expect(outcomes(bulk.body).map(([, outcome]) => outcome)).toEqual(['validation_failed', 'created']);
  });
});

describe('case 6: NUL and halves of characters', () => {
  it('case 6: fail their line, the others land', async () => {
    await post('/v1/prompts', { text: 'a', externalId: 'six' }).expect(201);
    const line = (promptExternalId: string, externalId: string) => JSON.stringify({ externalId, promptExternalId, text: 't', source: 's' });
    const lines = [line('six', 'six-1'), line('a\0b', 'six-2'), line('\ud83d', 'six-3'), line('six', 'six-4')];
    const { body } = await send('/v1/completions/bulk', ndjson, Buffer.from(lines.join('\n'))).expect(200);
    expect(outcomes(body)).toEqual([
      [1, 'created'],
      [2, 'validation_failed', '/promptExternalId'],
      [3, 'validation_failed', '/promptExternalId'],
      [4, 'created'],
    ]);
  });

  it.each([
    ['/v1/api-keys', { name: 'a\0b', scopes: ['admin'] }, '/name'],
    ['/v1/api-keys', { name: '\udc00', scopes: ['admin'] }, '/name'],
    ['/v1/prompt-sets', { name: 'x', externalIds: ['fine', '\ud800'] }, '/externalIds/1'],
    ['/v1/prompts', { text: 'x', metadata: { 'k\0': 1 } }, '/metadata/k\ufffd'],
    ['/v1/prompts', { text: 'x', tags: ['a\0'] }, '/tags/0'],
  ])('case 6: %s %j', async (path, body, pointer) => {
    const answer = await post(path, body).expect(422);
    expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, rule: 'isStorable' }] });
  });

  it.each(['/v1/prompts?tag=a%00b', '/v1/vendors?name=%00', '/v1/policies/019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00/aliases/%00'])('case 6: %s', async (path) => {
    expect((await get(path).expect(422)).body.errors[0]).toMatchObject({ rule: 'isStorable' });
  });

  it('a refused text that is cut through a character is told, and kept for an Idempotency-Key', async () => {
    const lines = `{"text":"kept"}\n{"text":"a","tags":"${'x'.repeat(116)}😀😀"}\n{"text":"b","tags":"\\u0000"}`;
    const bulk = () => send('/v1/prompts/bulk', ndjson, Buffer.from(lines), { 'idempotency-key': 'cut' }).expect(200);
    const first = await bulk();
    expect(first.body).toMatchObject({ created: 1, failed: 2 });
    expect((await bulk()).body).toEqual(first.body);
  });
});

describe('case 57: times', () => {
  const key = (expiresAt: unknown) => post('/v1/api-keys', { name: 'n', scopes: ['jobs:read'], expiresAt: expiresAt as string });
  const bad = ['2036-11-28T10:00:00', '2036-02-30T10:00:00Z', '2035-02-29T00:00:00Z', '2036-11-28', '2036-11-28T25:00:00Z', '2036-11-28T10:00:00+25:00', 'tomorrow', 0.5, 4_000_000_000_000, '', [], {}];

  it.each(bad)('case 57: %j is refused in a body', async (time) => {
    const { body } = await key(time).expect(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer: '/expiresAt', rule: 'isTime' })]);
  });

  it.each(['0.5', '2026-11-28T17:00:00', '2026-02-30T10:00:00Z', '2026-11-28'])('case 57: from=%s is refused in a query', async (time) => {
    const { body } = await get(`/v1/audit-log?from=${time}`).expect(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer: '/from', rule: 'isTime' })]);
  });

  it('case 57: a time with an offset is that time', async () => {
    expect((await key('2036-02-29T10:00:00.5+02:00').expect(201)).body.expiresAt).toBe('2036-02-29T08:00:00.500Z');
    await get('/v1/audit-log?from=2026-11-28T17:00:00%2B01:00').expect(200);
  });

  it('case 57b: a time that is over is told in plain words', async () => {
    const { body } = await key('2020-01-01T00:00:00Z').expect(422);
    expect(body.errors).toEqual([{ pointer: '/expiresAt', rule: 'future', message: 'expiresAt must be in the future', value: expect.any(String) }]);
  });
});

describe('case 54: held-out prompts', () => {
  it.each([
    ['in NFD', 'Où dîner à Paris ?'.normalize('NFD')],
    ['in capitals', 'OÙ DÎNER À PARIS ?'],
    ['with no-break spaces', '\u00a0Où dîner à\u00a0Paris\u202f?\u3000'],
  ])('case 54: %s are those that were practised', async (name, text) => {
    const set = async (texts: string[]) => {
      const promptIds: string[] = [];
      for (const each of texts) promptIds.push((await post('/v1/prompts', { text: each }).expect(201)).body.id as string);
      return (await post('/v1/prompt-sets', { name: `${name} ${texts.length} ${promptIds[0]}`, promptIds }).expect(201)).body.id as string;
    };
    const { PromptSetsService } = await import('#src/prompts/prompt-sets.service.js');
    const [practice, heldOut] = [await set(['Où dîner à Paris ?', `other ${name}`]), await set([text, `third ${name}`])];
    expect(await t.get(PromptSetsService).overlap(practice, heldOut)).toEqual({ count: 1, example: text });
  });
});

it('case 54: prompts that are the same to a reader have one key, by which pair sets split, whichever way they came', async () => {
  const texts = ['Ça va, Zoë ?', 'ÇA VA, ZOË ?', 'ça  va, zoë\u00a0?'.normalize('NFD')];
  await post('/v1/prompts', { text: texts[0], tags: ['key'] }).expect(201);
  await send('/v1/prompts/bulk', ndjson, Buffer.from(texts.slice(1).map((text) => JSON.stringify({ text, tags: ['key'] })).join('\n'))).expect(200);
  expect(await t.get(DataSource).query(`SELECT count(*)::int, count(DISTINCT text_key)::int AS keys FROM prompts WHERE 'key' = ANY(tags)`)).toEqual([{ count: 3, keys: 1 }]);
});

test('numbers in paths and queries that no column holds', async () => {
  const id = '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';
  for (const number of ['2147483648', '99999999999999999999', '-1', '1.5', 'x']) {
    const { body } = await get(`/v1/criteria/${id}/versions/${number}/agreement`).expect(422);
    expect(body.errors[0]).toMatchObject({ pointer: '/number', rule: 'isInt' });
    await post(`/v1/training-runs/${id}/checkpoints/${number}/promote`, {}).expect(422);
    await get(`/v1/loops/${id}/iterations/${number}`).expect(422);
  }
  const { body } = await get('/v1/prompts?limit=abc').expect(422);
  expect(body.errors).toEqual([{ pointer: '/limit', rule: 'isInt', message: 'limit must be an integer number', value: 'abc' }]);
});

test('null of a field that may be left out is nothing, and lists of lists are no lists of objects', async () => {
  const run = await post('/v1/reward-models', { name: 'x', pairSetId: '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00', basePolicyVersionId: '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00', hyperparameters: null }).expect(422);
  expect(run.body.code).toMatch(/^unknown_/);
  const { body } = await post('/v1/tasks/019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00/submit', { scores: [[{}]] }).expect(422);
  expect(body.errors).toEqual([expect.objectContaining({ pointer: '/scores/0/0', rule: 'isObject' })]);
});

describe('PATCH', () => {
  it.each(['null', '{}', '{"name":null}', '{"suspended":null}', ''])('of a vendor with %j changes nothing and says so', async (body) => {
    await request(t.http).patch(`/v1/vendors/${await t.givenVendor()}`).set(t.admin).type('json').send(body).expect(422);
  });

  it('of a vendor with a field changes it', async () => {
    const { body } = await request(t.http).patch(`/v1/vendors/${await t.givenVendor()}`).set(t.admin).send({ name: 'another' }).expect(200);
    expect(body.name).toBe('another');
  });
});

test('a cursor belongs to its list and its filters', async () => {
  for (const text of ['c1', 'c2', 'c3']) await post('/v1/prompts', { text, tags: ['cursor'] }).expect(201);
  const first = await get('/v1/prompts?limit=1&tag=cursor').expect(200);
  const cursor = first.body.nextCursor as string;
  expect((await get(`/v1/prompts?limit=2&tag=cursor&cursor=${cursor}`).expect(200)).body.data.map((p: { text: string }) => p.text)).toEqual(['c2', 'c3']);
  for (const path of ['/v1/prompts?tag=other&', '/v1/prompts?', '/v1/jobs?', '/v1/completions?']) {
    const { body } = await get(`${path}cursor=${cursor}`).expect(400);
    expect(body).toMatchObject({ code: 'invalid_cursor', title: 'Invalid cursor', errors: [{ pointer: '/cursor' }] });
  }
});

/** Entries of objects in order of their names, at every depth; `__proto__` among them. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.keys(value).sort().map((key) => [key, sorted((value as Record<string, unknown>)[key])]);
}

async function url(): Promise<string> {
  return t.app.getUrl();
}

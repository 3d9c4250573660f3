import request, { type Response } from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp();
});
afterAll(() => t.close());

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const bulk = (lines: string[]) =>
  request(t.http).post('/v1/prompts/bulk').set(t.admin).set('content-type', 'application/x-ndjson').send(lines.join('\n'));

test('a prompt is kept as it was posted', async () => {
  const body = { text: 'Wie heißt 猫 auf Deutsch? 😀', externalId: 'one', tags: ['animals'], metadata: { n: [1, { a: null }] } };
  const { body: prompt } = await post('/v1/prompts', body).expect(201);
  expect(prompt).toMatchObject(body);
  expect((await get(`/v1/prompts/${prompt.id}`).expect(200)).body).toEqual(prompt);
  expect((await get('/v1/prompts?externalId=one')).body.data).toEqual([prompt]);
  expect((await get('/v1/prompts?tag=animals')).body.data).toEqual([prompt]);
  expect((await get('/v1/prompts?tag=plants')).body.data).toEqual([]);
});

test('the same prompt under its external id is the first again, another one is refused', async () => {
  const { body: first } = await post('/v1/prompts', { text: 'a', externalId: 'twice' }).expect(201);
  expect((await post('/v1/prompts', { text: 'a', externalId: 'twice' }).expect(200)).body).toEqual(first);
  const { body } = await post('/v1/prompts', { text: 'b', externalId: 'twice' }).expect(409);
  expect(body).toMatchObject({ code: 'external_id_conflict', errors: [{ pointer: '/externalId', value: 'twice' }] });
});

test.each([
  [{ text: '' }, 'validation_failed', '/text'],
  [{ text: 'x'.repeat(32_769) }, 'validation_failed', '/text'],
  [{ text: 'a\0b' }, 'validation_failed', '/text'],
  [{ text: 'a', metadata: { deep: ['\ud800'] } }, 'validation_failed', '/metadata/deep/0'],
  [{ text: 7 }, 'validation_failed', '/text'],
  [{ text: 'a', tags: [''] }, 'validation_failed', '/tags'],
  [{ text: 'a', txet: 'b' }, 'unknown_field', '/txet'],
])('bad prompt %#', async (body, code, pointer) => {
  const answer = await post('/v1/prompts', body).expect(422);
  expect(answer.body.code).toBe(code);
  expect(answer.body.errors[0].pointer).toBe(pointer);
});

test('in bulk the good lines land and each other line says why not', async () => {
  const lines = [
    '{"text":"one","externalId":"b1","tags":["bulk"]}',
    '{"text":"broken',
    '{"text":"two","externalId":"b2","tags":["bulk"],"extra":1}',
    '{"text":"three","tags":["bulk"]}',
    '{"text":"other than one","externalId":"b1"}',
    '{"tags":["bulk"],"externalId":"b1","text":"one"}',
    '[]',
  ];
  const { body } = await bulk(lines).expect(200);
  expect(body).toMatchObject({ created: 2, duplicates: 1, failed: 4 });
  expect(body.items.map((item: { line: number; status: string; code?: string }) => [item.line, item.code ?? item.status])).toEqual([
    [1, 'created'],
    [2, 'malformed_json'],
    [3, 'unknown_field'],
    [4, 'created'],
    [5, 'external_id_conflict'],
    [6, 'duplicate'],
    [7, 'validation_failed'],
  ]);
  expect(body.items[5].id).toBe(body.items[0].id);
  expect((await get('/v1/prompts?tag=bulk')).body.data).toHaveLength(2);
});

test('a bulk body posted again changes nothing, over more than one set of rows', async () => {
  const lines = Array.from({ length: 2300 }, (_, i) => JSON.stringify({ text: `prompt ${i}`, externalId: `many-${i}`, tags: ['many'] }));
  expect((await bulk(lines)).body).toMatchObject({ created: 2300, duplicates: 0, failed: 0 });
  const again = await bulk(lines);
  expect(again.body).toMatchObject({ created: 0, duplicates: 2300, failed: 0 });
});

test('pages give every prompt once', async () => {
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: Response = await get(`/v1/prompts?tag=many&limit=500${cursor && `&cursor=${cursor}`}`).expect(200);
    seen.push(...page.body.data.map((prompt: { externalId: string }) => prompt.externalId));
    cursor = page.body.nextCursor;
  }
  expect(seen).toEqual(Array.from({ length: 2300 }, (_, i) => `many-${i}`));
});

test.each(['x', Buffer.from('1:7').toString('base64url'), Buffer.from(`1:${'-'.repeat(36)}`).toString('base64url')])(
  'a made-up cursor %s is refused',
  async (cursor) => {
    expect((await get(`/v1/prompts?cursor=${cursor}`).expect(400)).body.code).toBe('invalid_cursor');
  },
);

test('bulk takes NDJSON only, and an empty body has no lines', async () => {
  expect((await post('/v1/prompts/bulk', { text: 'a' }).expect(415)).body.code).toBe('unsupported_media_type');
  expect((await bulk([]).expect(200)).body).toEqual({ created: 0, duplicates: 0, failed: 0, items: [] });
});

test('a prompt set keeps its order and pages by it', async () => {
  const externalIds = ['many-7', 'b1', 'many-3'];
  const { body: set } = await post('/v1/prompt-sets', { name: 'three', externalIds, description: 'd' }).expect(201);
  expect(set).toMatchObject({ name: 'three', description: 'd', promptCount: 3 });
  const first = await get(`/v1/prompt-sets/${set.id}/prompts?limit=2`).expect(200);
  const second = await get(`/v1/prompt-sets/${set.id}/prompts?limit=2&cursor=${first.body.nextCursor}`).expect(200);
  const prompts = [...first.body.data, ...second.body.data];
  expect(prompts.map((p: { externalId: string; position: number }) => [p.position, p.externalId])).toEqual([
    [0, 'many-7'],
    [1, 'b1'],
    [2, 'many-3'],
  ]);
  expect(second.body.hasMore).toBe(false);
  const promptIds = prompts.map((p: { id: string }) => p.id).reverse();
  const { body: reversed } = await post('/v1/prompt-sets', { name: 'reversed', promptIds }).expect(201);
  const { body: page } = await get(`/v1/prompt-sets/${reversed.id}/prompts`);
  expect(page.data.map((p: { id: string }) => p.id)).toEqual(promptIds);
  expect((await get(`/v1/prompt-sets/${set.id}`)).body).toEqual(set);
  expect((await get('/v1/prompt-sets')).body.data.map((s: { name: string }) => s.name)).toEqual(['three', 'reversed']);
});

test.each([
  [{ externalIds: ['b1', 'nowhere'] }, 422, 'unknown_prompt', '/externalIds/1'],
  [{ externalIds: ['b1', 'many-1', 'b1'] }, 422, 'duplicate_prompt', '/externalIds/2'],
  [{ promptIds: ['019a8a5e-0000-7000-8000-000000000001'] }, 422, 'unknown_prompt', '/promptIds/0'],
  [{ promptIds: ['no-uuid'] }, 422, 'validation_failed', '/promptIds'],
  [{}, 422, 'prompt_set_members', '/promptIds'],
  [{ externalIds: [] }, 422, 'validation_failed', '/externalIds'],
])('bad prompt set %#', async (members, status, code, pointer) => {
  const { body } = await post('/v1/prompt-sets', { name: 'bad', ...members }).expect(status);
  expect(body.code).toBe(code);
  expect(body.errors[0].pointer).toBe(pointer);
});

test('a name of a prompt set is taken once', async () => {
  await post('/v1/prompt-sets', { name: 'once', externalIds: ['b1'] }).expect(201);
  expect((await post('/v1/prompt-sets', { name: 'once', externalIds: ['b1'] }).expect(409)).body.code).toBe('prompt_set_name_taken');
});

test('unknown ids are 404 with their own codes, and scopes are asked for', async () => {
  const id = '019a8a5e-0000-7000-8000-000000000001';
  expect((await get(`/v1/prompts/${id}`).expect(404)).body.code).toBe('prompt_not_found');
  expect((await get(`/v1/prompt-sets/${id}`).expect(404)).body.code).toBe('prompt_set_not_found');
  expect((await get(`/v1/prompt-sets/${id}/prompts`).expect(404)).body.code).toBe('prompt_set_not_found');
  const reader = await t.keyWith('prompts:read');
  await request(t.http).get('/v1/prompts').set(reader).expect(200);
  await request(t.http).post('/v1/prompts').set(reader).send({ text: 'a' }).expect(403);
});

test('a bulk body over the limit is refused before anything is written', async () => {
  const small = await createTestApp({ UPLOAD_LIMIT_BYTES: '1024' });
  try {
    const body = Array.from({ length: 50 }, (_, i) => JSON.stringify({ text: `prompt number ${i}` })).join('\n');
    const answer = await request(small.http)
      .post('/v1/prompts/bulk')
      .set(small.admin)
      .set('content-type', 'application/x-ndjson')
      .send(body);
    expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large']);
    expect((await request(small.http).get('/v1/prompts').set(small.admin)).body.data).toEqual([]);
  } finally {
    await small.close();
  }
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { sha256 } from '#src/common/hash.js';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp({ UPLOAD_LIMIT_BYTES: '100000' });
});
afterAll(() => t.close());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const upload = (content: Buffer, query: Record<string, string>) =>
  request(t.http)
    .post('/v1/artifacts')
    .query(query)
    .set(t.admin)
    .set('content-type', 'application/octet-stream')
    .send(content);
const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256));
const query = { kind: 'note', fileName: 'größe "1".bin' };

test('what was uploaded comes back byte by byte, under a safe name', async () => {
  const { body: artifact } = await upload(content, { ...query, mediaType: 'text/plain', sha256: sha256(content) }).expect(201);
  expect(artifact).toMatchObject({ kind: 'note', sha256: sha256(content), bytes: 5000, mediaType: 'text/plain' });
  expect((await get(`/v1/artifacts/${artifact.id}`).expect(200)).body).toEqual(artifact);
  const answer = await get(`/v1/artifacts/${artifact.id}/content`).responseType('blob').expect(200);
  expect(answer.body.equals(content)).toBe(true);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/plain',
    'content-length': '5000',
    'accept-ranges': 'bytes',
    etag: `"${sha256(content)}"`,
    'content-disposition': `attachment; filename="gr__e \\"1\\".bin"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.bin`,
  });
});

test('ranges, and nothing at all when the client has it', async () => {
  const { body: artifact } = await upload(content, query).expect(201);
  const path = `/v1/artifacts/${artifact.id}/content`;
  const part = await get(path).set('range', 'bytes=100-199').responseType('blob').expect(206);
  expect(part.body.equals(content.subarray(100, 200))).toBe(true);
  expect(part.headers).toMatchObject({ 'content-range': 'bytes 100-199/5000', 'content-length': '100' });
  for (const [header, range] of [['bytes=-3', '4997-4999'], ['bytes=4998-9999', '4998-4999'], ['Bytes=0-0', '0-0']]) {
    const some = await get(path).set('range', header).responseType('blob').expect(206);
    expect(some.headers['content-range']).toBe(`bytes ${range}/5000`);
  }
  for (const header of ['bytes=0-1,3-4', 'lines=0-1']) await get(path).set('range', header).expect(200);
  const outside = await get(path).set('range', 'bytes=5000-').expect(416);
  expect(outside.body.code).toBe('range_not_satisfiable');
  expect(outside.headers['content-range']).toBe('bytes */5000');
  await get(path).set('range', 'bytes=0-9').set('if-range', '"another"').expect(200);
  const had = await get(path).set('if-none-match', `"${artifact.sha256}"`).expect(304);
  expect(had.text).toBe('');
});

test('an empty file is a file', async () => {
  const { body } = await upload(Buffer.alloc(0), query).expect(201);
  expect(body).toMatchObject({ bytes: 0, sha256: sha256('') });
  await get(`/v1/artifacts/${body.id}/content`).expect(200);
});

test('artifacts are listed by kind and by content', async () => {
  await upload(Buffer.from('listed'), { kind: 'listed', fileName: 'a' }).expect(201);
  await upload(Buffer.from('listed'), { kind: 'listed', fileName: 'b' }).expect(201);
  const names = (page: { data: { fileName: string }[] }) => page.data.map((artifact) => artifact.fileName);
  expect(names((await get('/v1/artifacts?kind=listed')).body)).toEqual(['a', 'b']);
  expect(names((await get(`/v1/artifacts?sha256=${sha256('listed')}`)).body)).toEqual(['a', 'b']);
  expect((await get('/v1/artifacts?kind=never')).body.data).toEqual([]);
});

test('refused uploads leave nothing', async () => {
  const before = (await get('/v1/artifacts?limit=500')).body.data.length;
  const mismatch = await upload(Buffer.from('x'), { ...query, sha256: sha256('y') }).expect(422);
  expect(mismatch.body.code).toBe('sha256_mismatch');
  expect((await upload(Buffer.alloc(100_001), query).expect(413)).body.code).toBe('body_too_large');
  const chunked = request(t.http).post('/v1/artifacts').query(query).set(t.admin).set('content-type', 'application/octet-stream');
  for (let i = 0; i < 11; i++) chunked.write(Buffer.alloc(10_000));
  const streamed = await chunked;
  expect([streamed.status, streamed.body.code]).toEqual([413, 'body_too_large']);
  for (const [field, bad] of [['fileName', '../a'], ['fileName', 'a\nb'], ['kind', 'No Kind'], ['mediaType', 'text/html\r\nx: y']]) {
    expect((await upload(Buffer.from('x'), { ...query, [field]: bad }).expect(422)).body.code).toBe('validation_failed');
  }
  expect((await request(t.http).post('/v1/artifacts').query(query).set(t.admin).send({}).expect(415)).body.code).toBe(
    'unsupported_media_type',
  );
  expect((await get('/v1/artifacts?limit=500')).body.data).toHaveLength(before);
  expect(readdirSync(join(t.config.artifactsDir, 'tmp'))).toEqual([]);
});

test('unknown artifacts and models have their own codes', async () => {
  expect((await get(`/v1/artifacts/${newId()}`).expect(404)).body.code).toBe('artifact_not_found');
  expect((await get(`/v1/artifacts/${newId()}/content`).expect(404)).body.code).toBe('artifact_not_found');
  expect((await get(`/v1/artifacts/${newId()}/lineage?direction=up`).expect(404)).body.code).toBe('artifact_not_found');
  expect((await get(`/v1/models/${newId()}`).expect(404)).body.code).toBe('model_not_found');
});

test('a model is saved once, even by two at a time, and its files come back', async () => {
  const models = t.get(ModelsService);
  const files = { 'config.json': Buffer.from('{}'), 'model.safetensors': Buffer.from([1, 2, 3]) };
  const info = { architecture: 'LlamaForCausalLM', parameterCount: 3, config: {} };
  const [first, second] = await Promise.all([models.saveModel(undefined, files, info), models.saveModel(undefined, files, info)]);
  expect(first.id).toBe(second.id);
  const { body } = await get(`/v1/models/${first.id}`).expect(200);
  expect(body).toMatchObject({ ...info, contentHash: first.contentHash });
  expect(body.files.map((file: { name: string; bytes: number; sha256: string }) => [file.name, file.bytes, file.sha256])).toEqual([
    ['config.json', 2, sha256('{}')],
    ['model.safetensors', 3, sha256(Buffer.from([1, 2, 3]))],
  ]);
  const loaded = await models.loadFiles(first.id);
  expect(Buffer.from(loaded['model.safetensors'])).toEqual(Buffer.from([1, 2, 3]));
  const other = await models.saveModel(undefined, { ...files, 'config.json': Buffer.from('{ }') }, info);
  expect(other.id).not.toBe(first.id);
  const { body: up } = await get(`/v1/artifacts/${body.files[0].artifactId}/lineage?direction=up`).expect(200);
  expect(up.nodes.map((node: { type: string; depth: number }) => [node.type, node.depth])).toEqual([['artifact', 0], ['model', 1]]);
});

test('lineage is walked both ways, to a depth, and a cycle ends', async () => {
  const lineage = t.get(LineageService);
  const [a, b, c, d] = [newId(), newId(), newId(), newId()];
  const node = (id: string) => ({ type: 'model' as const, id });
  await t.get(Database).transaction(async (tx) => {
    for (const [parent, child] of [[a, b], [a, c], [b, d], [c, d], [a, b]]) await lineage.link(tx, node(parent), node(child), 'part');
  });
  const trace = async (id: string, more: string) => (await get(`/v1/lineage?type=model&id=${id}&${more}`).expect(200)).body;
  const down = await trace(a, 'direction=down');
  expect(down.nodes.map((n: { id: string; depth: number }) => [n.id, n.depth])).toEqual([[a, 0], ...[b, c].sort().map((id) => [id, 1]), [d, 2]]);
  expect(down.edges).toHaveLength(4);
  expect(down.truncated).toBe(false);
  const up = await trace(d, 'direction=up&depth=1');
  expect(up.nodes.map((n: { id: string }) => n.id).sort()).toEqual([b, c, d].sort());
  expect(up.edges).toHaveLength(2);
  expect(up.truncated).toBe(true);
  await t.get(Database).transaction((tx) => lineage.link(tx, node(d), node(a), 'back'));
  const round = await trace(a, 'direction=down');
  expect(round.nodes).toHaveLength(4);
  expect(round.edges).toHaveLength(5);
  await get(`/v1/lineage?type=planet&id=${a}&direction=up`).expect(422);
});

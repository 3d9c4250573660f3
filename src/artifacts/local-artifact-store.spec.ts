import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '#src/common/hash.js';
import { ContentMismatchError, ContentMissingError } from './artifact-store.js';
import { LocalArtifactStore } from './local-artifact-store.js';

let directory: string;
let store: LocalArtifactStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-store-'));
  store = new LocalArtifactStore(directory);
});
afterEach(() => rmSync(directory, { recursive: true }));

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const temporaries = () => readdirSync(join(directory, 'tmp'));

test('content is found by its sha256, whole and in part', async () => {
  const stored = await store.put(chunks('hello', ' ', 'world'));
  expect(stored).toEqual({ sha256: sha256('hello world'), bytes: 11 });
  expect(Buffer.from(await store.read(stored.sha256)).toString()).toBe('hello world');
  expect((await buffer(await store.open(stored.sha256, { start: 4, end: 6 }))).toString()).toBe('o w');
  expect(await store.exists(stored.sha256)).toBe(true);
  expect(temporaries()).toEqual([]);
});

test('storing the same content twice, at once, keeps one', async () => {
  const both = await Promise.all([store.put(chunks('same')), store.put(chunks('sa', 'me'))]);
  expect(both[0]).toEqual(both[1]);
  expect(readdirSync(join(directory, 'sha256'))).toHaveLength(1);
});

test('a content that was damaged is whole again once it is stored again; one that was removed is gone', async () => {
  const { sha256: name } = await store.put(chunks('precious'));
  writeFileSync(join(directory, 'sha256', name.slice(0, 2), name.slice(2)), 'pre');
  await store.put(chunks('precious'));
  expect(Buffer.from(await store.read(name)).toString()).toBe('precious');
  for (const time of ['once', 'twice']) await expect(store.remove(name), time).resolves.toBeUndefined();
  expect(await store.exists(name)).toBe(false);
});

test('content other than expected is not kept', async () => {
  await expect(store.put(chunks('a'), { expectedSha256: sha256('b') })).rejects.toThrow(ContentMismatchError);
  expect(await store.exists(sha256('a'))).toBe(false);
  expect(temporaries()).toEqual([]);
});

test('a stream that breaks leaves nothing behind', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('connection lost');
  }
  await expect(store.put(broken())).rejects.toThrow('connection lost');
  expect(await store.exists(sha256('half'))).toBe(false);
  expect(temporaries()).toEqual([]);
});

test('what is not there is said to be missing, and a path is no sha256', async () => {
  await expect(store.read(sha256('never'))).rejects.toThrow(ContentMissingError);
  await expect(store.open(sha256('never'))).rejects.toThrow(ContentMissingError);
  await expect(store.read('../../etc/passwd')).rejects.toThrow(RangeError);
});

import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNdjson, readNdjsonSets, type NdjsonLine } from './ndjson.js';

async function read(chunks: Buffer[], limit?: number): Promise<NdjsonLine[]> {
  const lines: NdjsonLine[] = [];
  for await (const line of readNdjson(Readable.from(chunks), limit)) lines.push(line);
  return lines;
}

test('any values, cut into chunks anywhere, come back in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), async (values, cut) => {
      const body = Buffer.from(values.map((value) => JSON.stringify(value)).join('\n'));
      const chunks = [];
      for (let at = 0; at < body.length; at += cut) chunks.push(body.subarray(at, at + cut));
      const lines = await read(chunks);
      expect(lines.map((line) => line.value)).toEqual(values.map((v) => JSON.parse(JSON.stringify(v)) as unknown));
    }),
  );
});

test('a malformed line in the middle is named, its neighbours arrive', async () => {
  const lines = await read([Buffer.from('{"a":1}\n{oops\n\n{"a":2}')]);
  expect(lines.map((line) => [line.line, line.value ?? line.error?.rule])).toEqual([
    [1, { a: 1 }],
    [2, 'json'],
    [4, { a: 2 }],
  ]);
});

test('an over-long line is dropped without being held, and counted once', async () => {
  const lines = await read([Buffer.from('[1]\n"' + 'x'.repeat(30)), Buffer.from('x'.repeat(90)), Buffer.from('"\n[2]')], 20);
  expect(lines.map((line) => [line.line, line.value ?? line.error?.rule])).toEqual([
    [1, [1]],
    [2, 'lineLength'],
    [3, [2]],
  ]);
});

test('sets end by lines or by characters and hold every line once, in whatever pieces the body arrives', async () => {
  const body = Buffer.from(Array.from({ length: 10 }, (_, i) => `${i}\n${'"x"'.padEnd(100)}\n\n`).join(''));
  const all = Array.from({ length: 10 }, (_, i) => [3 * i + 1, 3 * i + 2]).flat();
  for (const piece of [1, 7, 104, 5000]) {
    const pieces = Array.from({ length: Math.ceil(body.length / piece) }, (_, i) => body.subarray(i * piece, (i + 1) * piece));
    const sets = async (limits: { lines: number; characters: number }) => {
      const found: number[][] = [];
      for await (const set of readNdjsonSets(Readable.from(pieces), { maxLineCharacters: 1000, ...limits })) found.push(set.map(({ line }) => line));
      return found;
    };
    const inSets = (size: number) => Array.from({ length: Math.ceil(20 / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
    expect(await sets({ lines: 3, characters: 1e6 })).toEqual(inSets(3));
    expect(await sets({ lines: 1e6, characters: 200 })).toEqual(inSets(4));
    expect(await sets({ lines: 1e6, characters: 1e6 })).toEqual([all]);
  }
});

test('case 62, case 7: a line that is not UTF-8 fails alone and a byte order mark is skipped, wherever chunks are cut', async () => {
  const body = Buffer.concat([Buffer.from('\ufeff{"a":"é"}\n'), Buffer.from('{"a":"caf\xe9"}\n', 'latin1'), Buffer.from('{"a":"猫"}\n'), Buffer.from([0xf0, 0x9f])]);
  for (let cut = 1; cut <= body.length; cut++) {
    const chunks = [];
    for (let at = 0; at < body.length; at += cut) chunks.push(body.subarray(at, at + cut));
    const lines = await read(chunks);
    expect(lines.map((line) => [line.line, line.value ?? line.error?.rule])).toEqual([[1, { a: 'é' }], [2, 'utf8'], [3, { a: '猫' }], [4, 'utf8']]);
  }
});

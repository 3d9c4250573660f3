import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNdjson, type NdjsonLine } from './ndjson.js';

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

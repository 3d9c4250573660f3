import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { hasPrint, headPrint, joinPrint, PrintedBody, splitPrint } from './request-print.js';

const body = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)), { objectMode: false });
const printOf = async (...chunks: string[]) => {
  const printed = new PrintedBody(body(...chunks));
  const read: Buffer[] = [];
  for await (const chunk of printed.stream) read.push(chunk as Buffer);
  expect(Buffer.concat(read).toString()).toBe(chunks.join(''));
  return printed.print();
};

test('a streamed body is its bytes, however they are cut', async () => {
  expect(await printOf('one\n', 'two\n')).toBe(await printOf('on', 'e\ntwo\n'));
  expect(await printOf('one\n')).not.toBe(await printOf('two\n'));
  expect(await printOf()).toMatch(/^0-[0-9a-f]{64}$/);
});

test('a repeat is held against the print, and not read beyond its length', async () => {
  const print = await printOf('one\ntwo\n');
  expect(await hasPrint(body('one\n', 'two\n'), print)).toBe(true);
  expect(await hasPrint(body('one\ntwe\n'), print)).toBe(false);
  expect(await hasPrint(body('one\n'), print)).toBe(false);
  let pulled = 0;
  async function* endless() {
    for (; ; pulled++) yield Buffer.alloc(65_536);
  }
  expect(await hasPrint(Readable.from(endless(), { objectMode: false }), print)).toBe(false);
  expect(pulled).toBeLessThan(20);
});

test('the head is the whole request where the body is not a stream, the order of its keys apart', () => {
  const request = { method: 'POST', url: '/v1/prompts', headers: { 'content-type': 'application/json' }, body: { a: 1, b: 2 } };
  expect(headPrint({ ...request, body: { b: 2, a: 1 } })).toBe(headPrint(request));
  expect(headPrint({ ...request, body: { a: 1 } })).not.toBe(headPrint(request));
  expect(headPrint({ ...request, url: '/v1/criteria' })).not.toBe(headPrint(request));
  expect(headPrint({ ...request, body: body('a') })).toBe(headPrint({ ...request, body: body('b') }));
  expect(splitPrint(joinPrint('head', '3-abc'))).toEqual({ head: 'head', body: '3-abc' });
  expect(splitPrint(joinPrint('head'))).toEqual({ head: 'head', body: undefined });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, readJson } from './json.js';

test('what JSON.stringify writes is read as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
      const text = JSON.stringify(value);
      const { value: read, error } = readJson(text);
      // NUL and halves of characters are in what fast-check makes; they are refused.
      if (error) expect(error.rule).toBe('isStorable');
      else expect(JSON.stringify(read)).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['[1,{"a/b":9007199254740993}]', '/1/a~1b', 'exactNumber'],
  ['{"a":1e309}', '/a', 'exactNumber'],
  ['{"a":"x\\u0000"}', '/a', 'isStorable'],
  ['{"\\ud800":1}', '/\ufffd', 'isStorable'],
  ['{"a":', '', 'json'],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, '/0/0/0/0/0/0/0/0', 'maxDepth'],
])('%j is refused at %s', (text, pointer, rule) => {
  expect(readJson(text).error).toMatchObject({ pointer, rule });
});

test.each(['"9007199254740993"', '{"1234567890123456789":"a\\"1e999"}', '0.1234567890123456789', '1e0000000000000000001', '-0', '"\\u00e9 \\ud83d\\ude00"', '12345678901234567000'])(
  '%s is read',
  (text) => expect(readJson(text)).toEqual({ value: JSON.parse(text) as unknown }),
);

test('bytes are text, or they are not', () => {
  expect(decodeUtf8(Buffer.from('\ufeffé'))).toBe('é');
  expect(decodeUtf8(Buffer.from('é', 'latin1'))).toBeUndefined();
});

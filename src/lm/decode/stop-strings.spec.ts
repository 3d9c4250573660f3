import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beforeStopString, stopStringTest } from './stop-strings.js';

/** Tokens are indices into `pieces`; some spell nothing, as special tokens do. */
const pieces = ['a', 'b', 'ab', '', 'ba\n', '\n', 'é'];
const decode = (ids: readonly number[]): string => ids.map((id) => pieces[id]).join('');

describe('stop strings', () => {
  it('are found across the borders of tokens', () => {
    const over = stopStringTest(['bab', '\n\n'], decode);
    expect(over([0, 1])).toBe(false);
    expect(over([0, 1, 0, 1])).toBe(true);
    expect(over([2, 0])).toBe(false);
    expect(over([2, 2])).toBe(true);
    expect(over([4, 5])).toBe(true);
    expect(over([4])).toBe(false);
  });

  it('are found however many silent tokens lie within', () => {
    expect(stopStringTest(['ab'], decode)([0, ...new Array<number>(40).fill(3), 1])).toBe(true);
  });

  it('end a row at the first token that completes one, as a search of the whole text does', () => {
    const rows = fc.array(fc.nat(pieces.length - 1), { maxLength: 60 });
    const strings = fc.array(fc.stringMatching(/^[ab\né]{1,4}$/), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(rows, strings, (ids, stop) => {
        const over = stopStringTest(stop, decode);
        const prefixes = ids.map((_, i) => ids.slice(0, i + 1));
        const found = prefixes.findIndex((prefix) => over(prefix));
        expect(found).toBe(prefixes.findIndex((prefix) => stop.some((text) => decode(prefix).includes(text))));
      }),
    );
  });

  it('are not found in half a character', () => {
    const bytes = [0x61, 0xc3, 0xa9, 0x62]; // a, the two bytes of é, b
    const spell = (ids: readonly number[]): string => Buffer.from(ids.map((id) => bytes[id])).toString();
    const over = stopStringTest(['a\ufffd'], spell);
    expect([spell([0, 1]), over([0, 1]), over([0, 1, 2])]).toEqual(['a\ufffd', false, false]);
    expect(over([0, 1, 3])).toBe(true);
  });

  it('cut the text before the first of them', () => {
    expect(beforeStopString('one. two! three', ['!', '. '])).toBe('one');
    expect(beforeStopString('one', ['!'])).toBe('one');
    expect(beforeStopString('!', ['!'])).toBe('');
    expect(stopStringTest([], decode)([0])).toBe(false);
  });
});

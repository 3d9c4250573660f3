import { describe, expect, it } from 'vitest';
import { TimeLimitError, within } from './time-limit.js';

describe('within', () => {
  it('gives what the work gives, and its errors as they are', () => {
    expect(within(1000, () => 'a,b'.split(/,/))).toEqual(['a', 'b']);
    const broken = new TypeError('broken');
    expect(() => within(1000, () => { throw broken; })).toThrow(broken);
  });

  it('stops a match that would take years, and works afterwards', () => {
    const letters = `${'a'.repeat(60)}!`;
    expect(() => within(50, () => /^(a+)+$/.test(letters))).toThrow(TimeLimitError);
    expect(() => within(50, () => letters.replace(/(a|a)+$/g, ''))).toThrow('took longer than 0.05 s');
    expect(within(1000, () => within(1000, () => 1) + 1)).toBe(2);
  });
});

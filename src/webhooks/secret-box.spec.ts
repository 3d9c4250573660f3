import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { open, seal, SecretBoxError } from './secret-box.js';

const key = randomBytes(32);

test('what is sealed opens with its key and its row only', () => {
  const sealed = seal('whsec_x', key, 'row 1');
  expect(sealed).not.toContain('whsec_x');
  expect(seal('whsec_x', key, 'row 1')).not.toBe(sealed);
  expect(open(sealed, key, 'row 1')).toBe('whsec_x');
  for (const [otherKey, owner] of [[randomBytes(32), 'row 1'], [undefined, 'row 1'], [key, 'row 2']] as const) {
    expect(() => open(sealed, otherKey, owner)).toThrow(SecretBoxError);
  }
  const spoilt = sealed.slice(0, -4) + (sealed.endsWith('AAA=') ? 'BBB=' : 'AAA=');
  expect(() => open(spoilt, key, 'row 1')).toThrow(SecretBoxError);
});

test('without a key it lies plain, and is read also when a key came later', () => {
  expect(open(seal('whsec_y', undefined, 'row'), key, 'row')).toBe('whsec_y');
});

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Recent } from './recent.js';

function pool(capacity: number) {
  const [made, released]: [string[], string[]] = [[], []];
  const recent = new Recent<string>(capacity, async (value) => {
    await turn();
    released.push(value);
  });
  const get = (key: string) =>
    recent.get(key, async () => {
      await turn();
      made.push(key);
      return `${key}${made.length}`;
    });
  return { recent, get, made, released };
}

test('what two ask for at once is made once, and everything that was made is released once', async () => {
  const { recent, get, made, released } = pool(2);
  expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['a1', 'a1', 'a1']);
  await Promise.all(['b', 'c', 'b', 'd', 'c'].map(get));
  await recent.clear();
  expect(new Set(released).size).toBe(released.length);
  expect(released).toHaveLength(made.length);
});

test('the one used longest ago goes first', async () => {
  const { get, released } = pool(2);
  await get('a');
  await get('b');
  await get('a');
  await get('c');
  expect(released).toEqual(['b2']);
});

test('one that could not be made is made anew', async () => {
  const { recent, get } = pool(2);
  await expect(recent.get('a', () => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
  expect(await get('a')).toBe('a1');
});

import { expect, test } from 'vitest';
import { takeTurns } from './turns.js';

test('every side gets every item, block by block, and who begins changes', async () => {
  const seen: string[] = [];
  const side = (name: string) => async (item: number) => void seen.push(name + item);
  const [a, b] = await takeTurns([side('a'), side('b')], [[1, 2], [3], [4]], 1);
  expect(seen).toEqual(['a1', 'a2', 'b1', 'b2', 'b3', 'a3', 'a4', 'b4']);
  for (const { perSecond, latencies } of [a, b]) {
    expect(perSecond).toHaveLength(3);
    expect(latencies).toHaveLength(4);
  }
});

test('no side works while another does', async () => {
  let atWork: string | undefined;
  const side = (name: string) => async () => {
    expect(atWork ?? name).toBe(name);
    atWork = name;
    await new Promise((resolve) => setTimeout(resolve, 1));
    atWork = undefined;
  };
  await takeTurns([side('a'), side('b')], [[1, 2, 3], [4, 5, 6]], 1);
});

test('a call that fails ends the turns', async () => {
  const failing = () => Promise.reject(new Error('refused'));
  await expect(takeTurns([failing], [[1]], 1)).rejects.toThrow('refused');
});

import { expect, test } from 'vitest';
import { Coalesced } from './coalesced.js';

/** Questions that are answered by hand. */
function questions() {
  const open: { key: string; answer: (value: number) => void; fail: (error: Error) => void }[] = [];
  const coalesced = new Coalesced<string, number>((key) => new Promise((answer, fail) => open.push({ key, answer, fail })));
  return { open, coalesced };
}

test('who asks while an answer is under way shares the next one, which begins after they asked', async () => {
  const { open, coalesced } = questions();
  const first = coalesced.get('a');
  const [second, third] = [coalesced.get('a'), coalesced.get('a')];
  expect(open).toHaveLength(1);
  open[0].answer(1);
  expect(await first).toBe(1);
  await new Promise(setImmediate);
  expect(open).toHaveLength(2);
  const fourth = coalesced.get('a');
  open[1].answer(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await new Promise(setImmediate);
  expect(open).toHaveLength(3);
  open[2].answer(3);
  expect(await fourth).toBe(3);
});

test('afterwards, and of another key, everybody asks anew', async () => {
  const { open, coalesced } = questions();
  const [a, b] = [coalesced.get('a'), coalesced.get('b')];
  expect(open.map(({ key }) => key)).toEqual(['a', 'b']);
  open.forEach(({ answer }, i) => answer(i));
  expect(await Promise.all([a, b])).toEqual([0, 1]);
  const again = coalesced.get('a');
  open[2].answer(7);
  expect(await again).toBe(7);
  expect(open).toHaveLength(3);
});

test('an error is for those who share the answer, and the next question is asked all the same', async () => {
  const { open, coalesced } = questions();
  const first = coalesced.get('a');
  const next = coalesced.get('a');
  open[0].fail(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await new Promise(setImmediate);
  open[1].answer(5);
  expect(await next).toBe(5);
});

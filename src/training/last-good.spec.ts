import { expect, test } from 'vitest';
import { f32, floats } from '#src/nn/tensor.js';
import { LastGood } from './last-good.js';

const weights = () => ({ a: f32([1, 2], [2]), b: f32([3], [1]) });

test('weights go back to the last that were kept, however often they were overwritten', () => {
  const params = weights();
  const good = new LastGood(params);
  good.restore();
  expect([...floats(params.a)]).toEqual([1, 2]);
  good.keep();
  floats(params.a).fill(NaN);
  good.restore();
  expect([...floats(params.a), ...floats(params.b)]).toEqual([1, 2, 3]);
  floats(params.b)[0] = 4;
  good.keep();
  floats(params.b)[0] = 5;
  good.restore();
  expect(floats(params.b)[0]).toBe(4);
});

test('what was saved is loaded by copy into another run', () => {
  const good = new LastGood(weights());
  good.keep();
  const saved = good.serialise();
  const params = { a: f32([0, 0], [2]), b: f32([0], [1]) };
  const resumed = new LastGood(params);
  resumed.load({ ...saved, 'param.a': f32([9, 9], [2]) });
  floats(saved['good.a']).fill(7);
  resumed.restore();
  expect([...floats(params.a), ...floats(params.b)]).toEqual([1, 2, 3]);
});

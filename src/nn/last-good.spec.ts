import { expect, test } from 'vitest';
import { f32, floats } from './tensor.js';
import { LastGood } from './last-good.js';

const weights = () => ({ a: f32([1, 2], [2]), b: f32([3], [1]) });

test('weights go back to the last from which a step went well', () => {
  const params = weights();
  const [a, b] = [floats(params.a), floats(params.b)];
  const good = new LastGood(params);
  good.restore();
  expect([...a, ...b]).toEqual([1, 2, 3]);
  // The first step fails: there is nothing but its start.
  good.setAside();
  a.fill(NaN);
  good.restore();
  expect([...a, ...b]).toEqual([1, 2, 3]);
  // A step from 1, 2, 3 to 1, 2, 4 goes well, one from 1, 2, 4 does not.
  good.setAside();
  b[0] = 4;
  good.accept();
  good.setAside();
  b[0] = 5;
  good.restore();
  expect([...a, ...b]).toEqual([1, 2, 3]);
  good.accept();
  b[0] = 6;
  good.restore();
  expect([...a, ...b]).toEqual([1, 2, 4]);
});

test('what was saved is loaded by copy into another run', () => {
  const good = new LastGood(weights());
  good.setAside();
  good.accept();
  const saved = good.serialise();
  const params = { a: f32([0, 0], [2]), b: f32([0], [1]) };
  const resumed = new LastGood(params);
  resumed.load({ ...saved, 'param.a': f32([9, 9], [2]) });
  floats(saved['good.a']).fill(7);
  resumed.restore();
  expect([...floats(params.a), ...floats(params.b)]).toEqual([1, 2, 3]);
});

import { expect, test } from 'vitest';
import { goldMistake } from './gold-items.service.js';

const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: `${value}` }));
const plain = { scale, dimensions: null };
const several = { scale, dimensions: [{ name: 'honesty', weight: 1 }] };

test('a score or a range, overall or of a dimension', () => {
  expect(goldMistake([{ dimension: null, minimum: 4, maximum: 4 }], null, plain)).toBeUndefined();
  const both = [
    { dimension: null, minimum: 1, maximum: 3 },
    { dimension: 'honesty', minimum: 1, maximum: 1 },
  ];
  expect(goldMistake(both, null, several)).toBeUndefined();
});

test.each([
  [{ dimension: 'honesty', minimum: 1, maximum: 2 }, plain, '/expected/0/dimension', 'dimension'],
  [{ dimension: 'wit', minimum: 1, maximum: 2 }, several, '/expected/0/dimension', 'dimension'],
  [{ dimension: null, minimum: 3, maximum: 2 }, plain, '/expected/0/minimum', 'range'],
  [{ dimension: null, minimum: 6, maximum: 7 }, plain, '/expected/0/minimum', 'onScale'],
  [{ dimension: null, minimum: -1, maximum: 0 }, plain, '/expected/0/maximum', 'onScale'],
  [{ dimension: null, minimum: 1, maximum: 5 }, plain, '/expected/0/minimum', 'tells'],
])('mistake %#', (expectation, version, pointer, rule) => {
  expect(goldMistake([expectation], null, version)).toMatchObject({ pointer, rule });
});

test('one expectation of each dimension', () => {
  const twice = [
    { dimension: null, minimum: 1, maximum: 2 },
    { dimension: null, minimum: 1, maximum: 1 },
  ];
  expect(goldMistake(twice, null, plain)).toMatchObject({ pointer: '/expected/1/dimension', rule: 'unique' });
});

test('a range or a worse completion, and not both', () => {
  const range = [{ dimension: null, minimum: 4, maximum: 5 }];
  expect(goldMistake([], 'worse', plain)).toBeUndefined();
  expect(goldMistake(range, 'worse', plain)).toMatchObject({ pointer: '/expected', rule: 'oneOf' });
  expect(goldMistake([], null, plain)).toMatchObject({ pointer: '/expected', rule: 'oneOf' });
});

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { krippendorffAlpha, measurements, type Measurement } from './alpha.js';
import { coincidences, coincidenceTable, type CountPattern } from './coincidences.js';

// Krippendorff 2011, section E: four observers, twelve units, values 1..5, '.' is missing.
const paper = ['1 2 3 3 2 1 4 1 2 . . .', '1 2 3 3 2 2 4 1 2 5 . 3', '. 3 3 3 2 3 4 2 2 5 1 .', '1 2 3 3 2 4 4 1 2 5 1 .'];

/** One pattern per unit. */
const patternsOf = (rows: string[], levels: number): CountPattern[] => {
  const table = rows.map((row) => row.split(' '));
  return table[0].map((_, unit) => ({
    items: 1,
    counts: Array.from({ length: levels }, (_, c) => table.filter((row) => row[unit] === String(c + 1)).length),
  }));
};
const alphaOf = (patterns: CountPattern[], values: number[], measurement: Measurement) =>
  krippendorffAlpha(coincidences(coincidenceTable(patterns, values.length)), values, measurement);

test('the coincidence matrix of Krippendorff 2011, section E', () => {
  const matrix = coincidences(coincidenceTable(patternsOf(paper, 5), 5));
  const rows = Array.from({ length: 5 }, (_, c) => [...matrix.slice(c * 5, c * 5 + 5)]);
  const third = 1 / 3;
  const printed = [
    [7, 4 * third, third, third, 0],
    [4 * third, 10, 4 * third, third, 0],
    [third, 4 * third, 8, third, 0],
    [third, third, third, 4, 0],
    [0, 0, 0, 0, 3],
  ];
  rows.flat().forEach((value, i) => expect(value).toBeCloseTo(printed.flat()[i], 12));
});

test.each([
  ['nominal', 0.743],
  ['ordinal', 0.815],
  ['interval', 0.849],
] as const)('Krippendorff 2011, section E: %s alpha', (measurement, published) => {
  expect(alphaOf(patternsOf(paper, 5), [1, 2, 3, 4, 5], measurement)).toBeCloseTo(published, 3);
});

// Krippendorff 2011, section A: two observers, ten binary units.
test('Krippendorff 2011, section A: binary data', () => {
  expect(alphaOf(patternsOf(['1 2 1 1 1 1 1 1 2 1', '2 2 2 1 1 2 1 1 1 1'], 2), [0, 1], 'nominal')).toBeCloseTo(0.095, 3);
});

interface GoldenAlpha {
  values: number[];
  patterns: CountPattern[];
  nominal: number;
  ordinal: number;
  interval: number;
}

const golden = JSON.parse(readFileSync('test/golden/quality/agreement.json', 'utf8')) as { alpha: GoldenAlpha[] };

test.each(golden.alpha.map((sample, i) => [i, sample] as const))('as the package krippendorff has it, sample %i', (_, sample) => {
  for (const measurement of measurements) {
    expect(alphaOf(sample.patterns, sample.values, measurement)).toBeCloseTo(sample[measurement], 10);
  }
});

const patterns = fc.array(fc.record({ counts: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), items: fc.integer({ min: 1, max: 4 }) }), {
  minLength: 1,
  maxLength: 12,
});

test('a pattern of three items is three items, and items with one value change nothing', () => {
  fc.assert(
    fc.property(patterns, fc.constantFrom(...measurements), (given, measurement) => {
      const apart = given.flatMap(({ counts, items }) => Array.from({ length: items }, () => ({ counts, items: 1 })));
      const values = [1, 2, 4, 7];
      const together = alphaOf(given, values, measurement);
      const alone = alphaOf([...apart, { counts: [0, 1, 0, 0], items: 5 }], values, measurement);
      if (together === null) expect(alone).toBeNull();
      else expect(alone).toBeCloseTo(together, 9);
    }),
  );
});

test('all alike is undefined, all agreed over several levels is 1', () => {
  expect(alphaOf([{ counts: [3, 0], items: 9 }], [0, 1], 'nominal')).toBeNull();
  for (const measurement of measurements) {
    expect(alphaOf([{ counts: [2, 0], items: 1 }, { counts: [0, 2], items: 1 }], [0, 1], measurement)).toBe(1);
  }
});

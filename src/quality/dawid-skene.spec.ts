import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anaesthetists, publishedErrorRates, publishedPrevalence, toAnswers } from './dawid-skene.fixture.js';
import { dawidSkene, dawidSkeneInTurns } from './dawid-skene.js';

const paper = toAnswers(
  anaesthetists.flatMap((observers, i) => observers.flatMap((given, l) => given.map((k) => [i, l, k - 1] as const))),
  4,
);

test('Dawid & Skene 1979, table 2: class probabilities and error rates of the anaesthetists', () => {
  const { prevalence, errorRates } = dawidSkene(paper);
  publishedPrevalence.forEach((p, j) => expect(prevalence[j]).toBeCloseTo(p, 2));
  // Printed with two digits.
  publishedErrorRates.flat().forEach((rate, cell) => expect(Math.abs(errorRates[cell] - rate)).toBeLessThan(0.0101));
});

test('Dawid & Skene 1979, table 4: the patients whose class is in doubt', () => {
  const { posterior } = dawidSkene(paper);
  const chances = (patient: number) => [...posterior.slice((patient - 1) * 4, patient * 4)].map((p) => Math.round(p * 100) / 100);
  expect(chances(1)).toEqual([1, 0, 0, 0]);
  expect(chances(2)).toEqual([0, 0, 0, 1]);
  expect(chances(3)).toEqual([0, 1, 0, 0]);
  expect(chances(7)).toEqual([0.98, 0.02, 0, 0]);
  expect(chances(35)).toEqual([0, 0.95, 0.05, 0]);
  expect(chances(38)).toEqual([0, 0.02, 0.98, 0]);
});

test('the likelihood never falls', () => {
  let before = -Infinity;
  for (let maxIterations = 1; maxIterations < 20; maxIterations++) {
    const { logLikelihood } = dawidSkene(paper, { maxIterations, tolerance: -1 });
    expect(logLikelihood).toBeGreaterThanOrEqual(before);
    before = logLikelihood;
  }
});

test('as crowd-kit has it', () => {
  const { dawidSkene: golden } = JSON.parse(readFileSync('test/golden/quality/agreement.json', 'utf8')) as {
    dawidSkene: { levels: number; answers: [number, number, number][]; errorRates: number[][][]; prevalence: number[]; posterior: number[][] };
  };
  const found = dawidSkene(toAnswers(golden.answers, golden.levels), { tolerance: 1e-14, maxIterations: 5000 });
  golden.prevalence.forEach((p, j) => expect(found.prevalence[j]).toBeCloseTo(p, 4));
  golden.errorRates.flat(2).forEach((rate, cell) => expect(found.errorRates[cell]).toBeCloseTo(rate, 3));
  golden.posterior.flat().forEach((p, cell) => expect(found.posterior[cell]).toBeCloseTo(p, 3));
});

test('in turns it finds the same', async () => {
  expect(await dawidSkeneInTurns(paper)).toEqual(dawidSkene(paper));
});

test('a prior draws a labeler of few answers to the others, and hardly one of many', () => {
  // Labelers 0..2 say what is so; labeler 3 answered two items, both wrongly.
  const rows = Array.from({ length: 60 }, (_, i) => i).flatMap((i) => [0, 1, 2].map((l) => [i, l, i % 2] as [number, number, number]));
  const answers = toAnswers([...rows, [0, 3, 1], [2, 3, 1]], 2);
  const own = dawidSkene(answers).errorRates;
  const drawn = dawidSkene(answers, { prior: 4 }).errorRates;
  expect(own[3 * 4 + 1]).toBe(1);
  expect(drawn[3 * 4 + 1]).toBeLessThan(0.5);
  expect(Math.abs(drawn[0] - own[0])).toBeLessThan(0.02);
});

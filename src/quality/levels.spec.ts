import { expect, test } from 'vitest';
import { AnswerTable } from './answer-table.js';
import { bordersOf, levelOf } from './levels.js';

test('a score counts for the nearest level, in the middle for the upper one', () => {
  const borders = bordersOf([1, 2, 4, 8]);
  expect(borders).toEqual([1.5, 3, 6]);
  const levels = (scores: number[]) => scores.map((score) => levelOf(score, borders));
  expect(levels([1, 2, 4, 8])).toEqual([0, 1, 2, 3]);
  expect(levels([0, 1.49, 1.5, 2.9, 3, 5.9, 6, 99])).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
});

test('answers are kept item by item, however many', () => {
  const table = new AnswerTable(3, 5);
  for (let i = 0; i < 2000; i++) table.addItem(i % 2 === 0 ? '0:4,2:1' : '1:3');
  const { items, item, labeler, level } = table.answers();
  expect([items, item.length, labeler.length, level.length]).toEqual([2000, 3000, 3000, 3000]);
  expect([...item.slice(-3), ...labeler.slice(-3), ...level.slice(-3)]).toEqual([1998, 1998, 1999, 0, 2, 1, 4, 1, 3]);
});

import { expect, test } from 'vitest';
import { AnswerTable } from './answer-table.js';
import { bordersOf } from './levels.js';

test('borders lie in the middle between levels', () => {
  expect(bordersOf([1, 2, 4, 8])).toEqual([1.5, 3, 6]);
  expect(bordersOf([1])).toEqual([]);
});

test('answers are kept item by item, however many', () => {
  const table = new AnswerTable(3, 5);
  for (let i = 0; i < 2000; i++) table.addItem(i % 2 === 0 ? '0:4,2:1' : '1:3');
  const { items, item, labeler, level } = table.answers();
  expect([items, item.length, labeler.length, level.length]).toEqual([2000, 3000, 3000, 3000]);
  expect([...item.slice(-3), ...labeler.slice(-3), ...level.slice(-3)]).toEqual([1998, 1998, 1999, 0, 2, 1, 4, 1, 3]);
});

import { expect, it } from 'vitest';
import { labelStudio } from './label-studio.js';

const data = { prompt: 'q', answer1: 'a', answer2: 'b' };
const task = (result: object[], more = {}) => labelStudio.read({ id: 1, data, annotations: [{ completed_by: 3, result, ...more }] });

it.each([
  ['pairwise', { selected: 'right' }, 1],
  ['choices', { choices: ['left'] }, 0],
  ['choices', { choices: ['Tie'] }, null],
  ['ranker', { ranker: { rank: ['answer2', 'answer1'] } }, 1],
])('%s %j', (type, value, preferred) => {
  const made = task([{ type, from_name: 'better', to_name: 'answer1', value }, { type: 'textarea', from_name: 'reason', to_name: 'answer1', value: { text: ['be', 'cause'] } }]);
  expect(made.prompt).toBe('q');
  expect(made.preferences).toEqual([expect.objectContaining({ preferred, labeler: 'label-studio-user-3', rationale: 'be\ncause' })]);
});

it('ratings are of the completion that they point to', () => {
  const made = task([
    { type: 'rating', from_name: 'stars', to_name: 'answer1', value: { rating: 4 } },
    { type: 'rating', from_name: 'stars', to_name: 'answer2', value: { rating: 2 } },
  ], { completed_by: { id: 9, email: 'a@b.example' } });
  expect(made.ratings).toEqual([0, 1].map((completion) => ({ completion, scores: { stars: [4, 2][completion] }, labeler: 'label-studio-user-9' })));
});

it('cancelled annotations are left out; a task without data is refused', () => {
  expect(task([{ type: 'pairwise', from_name: 'b', to_name: 'x', value: { selected: 'left' } }], { was_cancelled: true })).toMatchObject({ preferences: [], leftOut: ['annotations that were cancelled'] });
  expect(() => labelStudio.read({ annotations: [] })).toThrow(expect.objectContaining({ field: '/data' }) as Error);
});

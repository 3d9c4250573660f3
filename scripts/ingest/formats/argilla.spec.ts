import { expect, it } from 'vitest';
import { argilla } from './argilla.js';

const fields = { instruction: 'q', 'response-1': 'a', 'response-2': 'b' };
const order = (first: string, second: string, tie = false) => [{ value: first, rank: 1 }, { value: second, rank: tie ? 1 : 2 }];

it('version 2: rankings and ratings by question; drafts are left out', () => {
  const made = argilla.read({
    fields: { ...fields, context: 'x' },
    responses: {
      ranking: [{ value: order('response-2', 'response-1'), user_id: 'u-1' }, { value: order('response-1', 'response-2', true), user_id: 'u-2' }],
      'quality-response-1': [{ value: 4, user_id: 'u-1', status: 'submitted' }],
      'quality-response-2': [{ value: 2, user_id: 'u-1', status: 'draft' }],
      reason: [{ value: 'shorter', user_id: 'u-1' }],
    },
  });
  expect(made.prompt).toBe('q');
  expect(made.preferences).toEqual([
    { of: [1, 0], preferred: 1, labeler: 'u-1', rationale: 'shorter' },
    { of: [0, 1], preferred: null, labeler: 'u-2' },
  ]);
  expect(made.ratings).toEqual([{ completion: 0, scores: { quality: 4 }, labeler: 'u-1', rationale: 'shorter' }]);
  expect(made.leftOut).toEqual(['field context', 'answers that are "draft"']);
});

it('version 1: by person; several rating questions are dimensions', () => {
  const made = argilla.read({
    fields: { prompt: 'q', response: 'a' },
    responses: [
      { user_id: 'u-1', status: 'submitted', values: { Helpfulness: { value: 4 }, honesty: { value: 5 }, comment: { value: 'fine' } } },
      { user_id: 'u-2', status: 'discarded', values: { honesty: { value: 1 } } },
    ],
  });
  expect(made.ratings).toEqual([{ completion: 0, scores: { helpfulness: 4, honesty: 5 }, labeler: 'u-1', rationale: 'fine' }]);
});

it('columns of the Hub', () => {
  const row = { id: '1', ...fields, metadata: {}, 'ranking.responses': [order('response-1', 'response-2')], 'ranking.responses.users': ['u-1'], 'ranking.responses.status': ['submitted'], 'rating.suggestion': 3 };
  expect(argilla.recognises(row)).toBe(true);
  expect(argilla.read(row)).toMatchObject({ prompt: 'q', preferences: [{ of: [0, 1], preferred: 0, labeler: 'u-1' }], leftOut: [] });
});

it.each([
  ['of version 2 are the values alone, best first', { fields, responses: { ranking: [{ value: ['response-2', 'response-1'], user_id: 'u' }] } }],
  ['of version 2 on the Hub', { ...fields, 'ranking.responses': [['response-2', 'response-1']], 'ranking.responses.users': ['u'] }],
  ['of version 1 on the Hub', { ...fields, ranking: [{ user_id: 'u', status: 'submitted', value: { rank: [2, 1], value: ['response-1', 'response-2'] } }], 'ranking-suggestion': null }],
])('rankings %s', (_, row) => {
  expect(argilla.recognises(row)).toBe(true);
  expect(argilla.read(row)).toMatchObject({ preferences: [{ preferred: 1, labeler: 'u' }], leftOut: [] });
});

it('several labels are no order', () => {
  expect(argilla.read({ fields, responses: { good: [{ value: ['response-2', 'response-1'], user_id: 'u' }] } })).toMatchObject({ preferences: [], leftOut: [expect.stringContaining('answers to good')] });
});

it('a choice between two, three in an order, and what nobody can tell', () => {
  const better = (value: string) => argilla.read({ fields, responses: { better: [{ value, user_id: 'u' }] } });
  expect(better('response-2').preferences).toEqual([{ of: [0, 1], preferred: 1, labeler: 'u' }]);
  expect(better('tie').preferences[0].preferred).toBeNull();
  expect(better('whatever')).toMatchObject({ preferences: [], leftOut: [expect.stringContaining('answers to better')] });
  const three = argilla.read({ fields: { ...fields, 'response-3': 'c' }, responses: { r: [{ value: [...order('response-3', 'response-1'), { value: 'response-2', rank: 2 }], user_id: 'u' }] } });
  expect(three.preferences.map(({ of, preferred }) => [...of, preferred])).toEqual([[2, 0, 2], [2, 1, 2], [0, 1, null]]);
  expect(argilla.read({ fields, responses: { rating: [{ value: 3, user_id: 'u' }] } }).leftOut).toEqual(['answers to rating: of which completion is not known']);
});

it('without a prompt it says which fields there are', () => {
  expect(() => argilla.read({ fields: { texte: 'q' }, responses: {} })).toThrow(expect.objectContaining({ rule: 'prompt', value: 'texte' }) as Error);
});

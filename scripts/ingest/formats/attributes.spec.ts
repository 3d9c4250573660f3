import { expect, it } from 'vitest';
import { helpSteer, helpSteerPreference, ultraFeedback } from './attributes.js';

const said = (Rating: string, more = {}) => ({ Rating, Rationale: 'because', ...more });

it('UltraFeedback: every answer with its four ratings and the reasons for them', () => {
  const annotations = { instruction_following: said('5'), honesty: said('4'), truthfulness: said('3', { 'Rationale For Rating': 'true' }), helpfulness: said('2') };
  const made = ultraFeedback.read({
    instruction: 'Name a prime.',
    completions: [
      { model: 'm-1', response: '7', annotations, custom_system_prompt: 'Be nice.', overall_score: 7 },
      { model: 'm-2', response: '8', annotations: { ...annotations, honesty: said('N/A') } },
    ],
  });
  expect(made.completions).toEqual([{ text: '7', source: 'm-1' }, { text: '8', source: 'm-2' }]);
  expect(made.ratings).toEqual([
    {
      completion: 0,
      scores: { instruction_following: 5, honesty: 4, truthfulness: 3, helpfulness: 2 },
      rationale: 'instruction_following: because\n\nhonesty: because\n\ntruthfulness: true\n\nhelpfulness: because',
    },
  ]);
  expect(made.leftOut).toEqual(['completions: overall_score', expect.stringContaining('custom_system_prompt'), 'ratings without a number for honesty']);
  expect(() => ultraFeedback.read({ instruction: 'q', completions: [{ response: 1 }] })).toThrow(expect.objectContaining({ field: '/completions/0/response' }) as Error);
  expect(() => ultraFeedback.read({ instruction: 'q' })).toThrow('must be a list of completions');
});

const scores = { helpfulness: 4, correctness: '3', coherence: 4, complexity: 1, verbosity: 0 };

it('HelpSteer2: five attributes, and turns by their markers', () => {
  const made = helpSteer.read({ prompt: 'c#\n<extra_id_1>Assistant\nWhat of it?\n<extra_id_1>User\nLoops.', response: 'for', ...scores });
  expect(made.prompt).toEqual({ messages: [{ role: 'user', content: 'c#' }, { role: 'assistant', content: 'What of it?' }, { role: 'user', content: 'Loops.' }] });
  expect(made.ratings).toEqual([{ completion: 0, scores: { ...scores, correctness: 3 } }]);
  expect(helpSteer.read({ prompt: 'q', response: 'a', ...scores }).prompt).toBe('q');
  expect(() => helpSteer.read({ prompt: 'q', response: 'a', ...scores, verbosity: null })).toThrow(expect.objectContaining({ field: '/verbosity', rule: 'number' }) as Error);
});

it.each([
  [-3, 0],
  [0, null],
  ['1', 1],
])('HelpSteer2-Preference: a strength of %s prefers %s', (strength, preferred) => {
  const made = helpSteerPreference.read({ prompt: 'q', response_1: 'a', response_2: 'b', preference_strength: strength, preference_statement: 'so' });
  expect(made.preferences).toEqual([{ of: [0, 1], preferred, rationale: 'so' }]);
});

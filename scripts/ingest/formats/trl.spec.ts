import { describe, expect, it } from 'vitest';
import { trlCompletion, trlPreference, trlPrompt } from './trl.js';

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('preferences', () => {
  it('messages: a lone question is a text', () => {
    const made = trlPreference.read({ prompt: [user('q')], chosen: [assistant('a')], rejected: [assistant('b')], chosen_model: 'm-1', rationale: 'so', annotator: 7 });
    expect(made).toEqual({
      prompt: 'q',
      completions: [{ text: 'a', source: 'm-1' }, { text: 'b' }],
      ratings: [],
      preferences: [{ of: [0, 1], preferred: 0, labeler: '7', rationale: 'so' }],
      leftOut: [],
    });
  });

  it('system messages and earlier turns are kept', () => {
    const turns = [{ role: 'system', content: 's' }, user('q'), assistant('a'), user('r')];
    expect(trlPreference.read({ prompt: turns, chosen: [assistant('x')], rejected: [assistant('y')] }).prompt).toEqual({ messages: turns });
  });

  it('an implicit prompt is what both conversations begin with', () => {
    const made = trlPreference.read({ chosen: [user('q'), assistant('a')], rejected: [user('q'), assistant('b')] });
    expect([made.prompt, made.completions]).toEqual(['q', [{ text: 'a' }, { text: 'b' }]]);
    expect(() => trlPreference.read({ chosen: [user('q'), assistant('a')], rejected: [user('r'), assistant('b')] })).toThrow('an answer must be one assistant message');
  });

  it('a prompt that is repeated in chosen and rejected, as in binarized UltraFeedback, is not asked twice', () => {
    const row = { prompt: 'q', chosen: [user('q'), assistant('a')], rejected: [user('q'), assistant('b')], score_chosen: 8.5, score_rejected: 7 };
    const made = trlPreference.read(row);
    expect([made.prompt, made.preferences[0].preferred]).toEqual(['q', 0]);
    expect(trlPreference.read({ ...row, score_rejected: 8.5 }).preferences[0].preferred).toBeNull();
  });

  it('texts, with a prompt and with an implicit one, which ends with a word', () => {
    expect(trlPreference.read({ prompt: 'The sky is', chosen: ' blue.', rejected: ' green.' })).toMatchObject({ prompt: 'The sky is', completions: [{ text: ' blue.' }, { text: ' green.' }] });
    expect(trlPreference.read({ chosen: 'The sky is blue.', rejected: 'The sky is black.' })).toMatchObject({ prompt: 'The sky is', completions: [{ text: ' blue.' }, { text: ' black.' }] });
    expect(() => trlPreference.read({ chosen: 'x', rejected: 'y' })).toThrow('begin with nothing in common');
  });

  it('an unfinished answer in the prompt is continued', () => {
    const turns = [user('q'), assistant('The sky is')];
    expect(trlPreference.read({ prompt: turns, chosen: [assistant(' blue')], rejected: [assistant(' red')] }).prompt).toEqual({ messages: turns, continueFinalMessage: true });
  });

  it('equal answers are no preference', () => {
    expect(trlPreference.read({ prompt: 'q', chosen: 'a', rejected: 'a' })).toMatchObject({ preferences: [], leftOut: ['preferences between two equal answers'] });
  });

  it('tools and their calls become ours; results without ids answer calls in order', () => {
    const call = (name: string) => ({ type: 'function', function: { name, arguments: { city: name } } });
    const made = trlPreference.read({
      prompt: [user('q'), { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] }, { role: 'tool', name: 'a', content: '1' }, { role: 'tool', name: 'b', content: '2' }],
      chosen: [{ ...assistant('x'), reasoning_content: 'hm' }],
      rejected: [{ role: 'assistant', content: '', tool_calls: [{ id: 'c', type: 'function', function: { name: 'a', arguments: '{}' } }] }],
      tools: '[{"name": "a", "parameters": {"type": "object"}}]',
    });
    expect(made.prompt).toEqual({
      messages: [
        user('q'),
        {
          role: 'assistant',
          content: null,
          toolCalls: [
            { id: 'call_1_0', type: 'function', function: { name: 'a', arguments: '{"city":"a"}' } },
            { id: 'call_1_1', type: 'function', function: { name: 'b', arguments: '{"city":"b"}' } },
          ],
        },
        { role: 'tool', name: 'a', content: '1', toolCallId: 'call_1_0' },
        { role: 'tool', name: 'b', content: '2', toolCallId: 'call_1_1' },
      ],
      tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object' } } }],
    });
    expect(made.completions).toEqual([
      { text: 'x', reasoning: 'hm' },
      { text: '', toolCalls: [{ id: 'c', type: 'function', function: { name: 'a', arguments: '{}' } }] },
    ]);
  });

  it.each([
    [{ prompt: [{ role: 'boss', content: 'q' }], chosen: [assistant('a')], rejected: [assistant('b')] }, '/prompt/0/role', 'role'],
    [{ prompt: [{ role: 'user', content: [{ type: 'image' }] }], chosen: [assistant('a')], rejected: [assistant('b')] }, '/prompt/0/content/0', 'textPart'],
    [{ prompt: 'q', chosen: [assistant('a'), user('and?'), assistant('b')], rejected: [assistant('b')] }, '/chosen', 'oneAnswer'],
    [{ prompt: 'q', chosen: 'a', rejected: null }, '/rejected', 'string'],
  ])('%j is refused at %s by %s', (row, field, rule) => {
    expect(() => trlPreference.read(row)).toThrow(expect.objectContaining({ field, rule }) as Error);
  });
});

describe('completions', () => {
  it.each([
    [true, 1],
    ['False', 0],
    ['1', 1],
  ])('a label %j is a rating of %i', (label, score) => {
    expect(trlCompletion.read({ prompt: 'q', completion: 'a', label }).ratings).toEqual([{ completion: 0, scores: { '': score } }]);
  });

  it('scores of a CSV are texts; empty cells are nothing', () => {
    const made = trlCompletion.read({ prompt: 'q', response: 'a', score: '3.5', labeler: 'ann', rationale: '', model: 'm' });
    expect(made).toMatchObject({ completions: [{ text: 'a', source: 'm' }], ratings: [{ scores: { '': 3.5 }, labeler: 'ann' }] });
    expect(trlCompletion.read({ prompt: 'q', completion: 'a', score: '' }).ratings).toEqual([]);
    expect(() => trlCompletion.read({ prompt: 'q', completion: 'a', score: 'good' })).toThrow('must be a number');
  });

  it('messages, also as JSON in a cell', () => {
    const made = trlCompletion.read({ prompt: JSON.stringify([{ role: 'system', content: 's' }, user('q')]), completion: JSON.stringify([assistant('a')]) });
    expect(made).toMatchObject({ prompt: { messages: [{ role: 'system', content: 's' }, user('q')] }, completions: [{ text: 'a' }] });
  });
});

it('prompts alone; a text that looks like JSON is a text', () => {
  expect(trlPrompt.read({ prompt: '[1, 2] is what?' }).prompt).toBe('[1, 2] is what?');
  expect(trlPrompt.read({ prompt: '[1, 2]' }).prompt).toBe('[1, 2]');
  expect(trlPrompt.read({ prompt: [user('q')], tools: [{ type: 'function', function: { name: 'f' } }] }).prompt).toEqual({ messages: [user('q')], tools: [{ type: 'function', function: { name: 'f' } }] });
});

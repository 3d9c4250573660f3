import { expect, it } from 'vitest';
import { hh } from './hh.js';

it('turns before the last answer are the prompt', () => {
  const begin = '\n\nHuman: Where is the mill?\n\nAssistant: North.\n\nHuman: How far?\n\nStill far?\n\nAssistant:';
  expect(hh.read({ chosen: `${begin} Two miles.`, rejected: `${begin} No idea.` })).toMatchObject({
    prompt: {
      messages: [
        { role: 'user', content: 'Where is the mill?' },
        { role: 'assistant', content: 'North.' },
        { role: 'user', content: 'How far?\n\nStill far?' },
      ],
    },
    completions: [{ text: 'Two miles.' }, { text: 'No idea.' }],
    preferences: [{ of: [0, 1], preferred: 0 }],
  });
});

it('one question is a text; an empty answer is one', () => {
  expect(hh.read({ chosen: '\n\nHuman: q\n\nAssistant: a', rejected: '\n\nHuman: q\n\nAssistant:' })).toMatchObject({ prompt: 'q', completions: [{ text: 'a' }, { text: '' }] });
});

it('a prompt of its own', () => {
  const row = { prompt: '\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant:', chosen: ' x', rejected: ' y' };
  expect(hh.recognises(row)).toBe(true);
  expect(hh.read(row)).toMatchObject({ prompt: { messages: [{ content: 'q' }, { content: 'a' }, { content: 'r' }] }, completions: [{ text: 'x' }, { text: 'y' }] });
});

it.each([
  ['dialogues that part before the last answer', { chosen: '\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b', rejected: '\n\nHuman: q\n\nAssistant: c' }, 'oneAnswer'],
  ['dialogues of different questions', { chosen: '\n\nHuman: q\n\nAssistant: a', rejected: '\n\nHuman: r\n\nAssistant: a' }, 'prompt'],
  ['a text without speakers', { chosen: '\n\nHuman: q\n\nAssistant: a', rejected: 'a' }, 'dialogue'],
])('%s are refused', (_, row, rule) => {
  expect(() => hh.read(row)).toThrow(expect.objectContaining({ rule }) as Error);
});

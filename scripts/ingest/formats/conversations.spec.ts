import { expect, it } from 'vitest';
import { conversations } from './conversations.js';

it('ShareGPT: the last answer is the completion', () => {
  const made = conversations.read({
    conversations: [{ from: 'human', value: 'q' }, { from: 'gpt', value: 'a' }, { from: 'human', value: 'r' }, { from: 'chatgpt', value: 'b' }],
    system: 's',
    model: 'm',
  });
  expect(made.prompt).toEqual({ messages: [{ role: 'system', content: 's' }, { role: 'user', content: 'q' }, { role: 'assistant', content: 'a' }, { role: 'user', content: 'r' }] });
  expect(made.completions).toEqual([{ text: 'b', source: 'm' }]);
});

it('function calls and observations', () => {
  const made = conversations.read({
    conversations: [
      { from: 'human', value: 'Rain?' },
      { from: 'function_call', value: '{"name": "rain", "arguments": {"city": "Oslo"}}' },
      { from: 'observation', value: 'no' },
      { from: 'gpt', value: 'No.' },
    ],
    tools: '[{"name": "rain", "description": "tells", "parameters": {}}]',
  });
  expect(made.prompt).toEqual({
    messages: [
      { role: 'user', content: 'Rain?' },
      { role: 'assistant', content: null, toolCalls: [{ id: 'call_1_0', type: 'function', function: { name: 'rain', arguments: '{"city":"Oslo"}' } }] },
      { role: 'tool', content: 'no', toolCallId: 'call_1_0' },
    ],
    tools: [{ type: 'function', function: { name: 'rain', description: 'tells', parameters: {} } }],
  });
});

it('chosen and rejected beside a conversation are a preference', () => {
  const row = { conversations: [{ from: 'human', value: 'q' }], chosen: { from: 'gpt', value: 'a' }, rejected: { from: 'gpt', value: 'b' } };
  expect(conversations.read(row)).toMatchObject({ prompt: 'q', completions: [{ text: 'a' }, { text: 'b' }], preferences: [{ preferred: 0 }] });
});

it('messages of chat files; one that ends with a question is a prompt', () => {
  expect(conversations.read({ messages: [{ role: 'user', content: 'q' }, { role: 'assistant', content: [{ type: 'text', text: 'a' }] }] })).toMatchObject({ prompt: 'q', completions: [{ text: 'a' }] });
  expect(conversations.read({ messages: [{ role: 'user', content: 'q' }] })).toMatchObject({ prompt: 'q', completions: [] });
  expect(() => conversations.read({ messages: [{ role: 'assistant', content: 'a' }] })).toThrow('an answer must have a question before it');
  expect(() => conversations.read({ conversations: [] })).toThrow('must be a list of messages');
});

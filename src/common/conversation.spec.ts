import { describe, expect, test } from 'vitest';
import { promptMistake, readableText, type Message } from './conversation.js';

const user = (content = 'How late is it in Oslo?'): Message => ({ role: 'user', content });
const assistant = (content = 'Noon.'): Message => ({ role: 'assistant', content });
const system: Message = { role: 'system', content: 'Be brief.' };
const call = (id = 'c1', given = '{"city":"Oslo"}'): Message => ({
  role: 'assistant',
  content: null,
  toolCalls: [{ id, type: 'function', function: { name: 'clock', arguments: given } }],
});
const result = (toolCallId: string | undefined = 'c1'): Message => ({ role: 'tool', content: '12:00', toolCallId });

describe('prompts', () => {
  test.each<[string, Message[]]>([
    ['one question', [user()]],
    ['a system message first', [system, user()]],
    ['a developer message first', [{ role: 'developer', content: 'Be brief.' }, user()]],
    ['several turns', [system, user(), assistant(), user('And in Rome?')]],
    ['a tool result to answer from', [user(), call(), result()]],
  ])('%s', (_, messages) => {
    expect(promptMistake({ messages })).toBeUndefined();
  });

  test.each<[string, Message[], string, string]>([
    ['nothing', [], '/messages', 'notEmpty'],
    ['a system message in the middle', [user(), system, user()], '/messages/1/role', 'systemFirst'],
    ['two system messages', [system, system, user()], '/messages/1/role', 'systemFirst'],
    ['an answer at the end', [user(), assistant()], '/messages/1/role', 'lastOfPrompt'],
    ['a system message alone', [system], '/messages/0/role', 'lastOfPrompt'],
    ['a result without its call', [user(), result()], '/messages/1/toolCallId', 'answersCall'],
    ['a result without an id', [user(), call(), { role: 'tool', content: '12:00' }], '/messages/2/toolCallId', 'answersCall'],
    ['a second result of one call', [user(), call(), result(), result()], '/messages/3/toolCallId', 'answersCall'],
    ['a call that nothing answers', [user(), call(), user()], '/messages/2/role', 'callsAnswered'],
    ['arguments that are no object', [user(), call('c1', '[1]'), result()], '/messages/1/toolCalls/0/function/arguments', 'jsonObject'],
    ['an empty question', [user('')], '/messages/0/content', 'content'],
    ['an answer without content', [user(), { role: 'assistant', content: null }, user()], '/messages/1/content', 'content'],
    ['tool calls of a user', [{ ...user(), toolCalls: call().toolCalls }], '/messages/0/toolCalls', 'assistantOnly'],
    ['reasoning of a user', [{ ...user(), reasoning: 'Hm.' }], '/messages/0/reasoning', 'assistantOnly'],
  ])('not %s', (_, messages, pointer, rule) => {
    expect(promptMistake({ messages })).toMatchObject({ pointer, rule });
  });

  test('an assistant message at the end may be continued', () => {
    expect(promptMistake({ messages: [user(), assistant('It is')], continueFinalMessage: true })).toBeUndefined();
    expect(promptMistake({ messages: [user()], continueFinalMessage: true })).toMatchObject({ pointer: '/messages/0/role', rule: 'continued' });
  });
});

test('a conversation as one text', () => {
  expect(readableText([system, user('Hi'), call(), result(), assistant()])).toBe(
    'system: Be brief.\n\nuser: Hi\n\nassistant: [calls clock({"city":"Oslo"})]\n\ntool: 12:00\n\nassistant: Noon.',
  );
});

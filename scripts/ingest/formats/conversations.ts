// Whole conversations: ShareGPT (`conversations` of from and value, and LLaMA-Factory's preference rows with them) and the
// `messages` of OpenAI's chat files. The last answer is the completion, everything before it the prompt.
import type { Message } from '#src/common/conversation.js';
import { answerOf, messageList, promptOf, readMessages, readTools } from '../messages.js';
import { given, isObject, optionalText, prefer, RowError, sample, type Format, type Row, type Sample } from '../sample.js';

const listOf = (row: Row): [string, Row[]] | undefined => {
  const field = ['conversations', 'conversation', 'messages', 'items'].find((name) => messageList(row[name]));
  return field === undefined ? undefined : [field, messageList(row[field])!];
};

export const conversations: Format = {
  name: 'sharegpt',
  title: 'ShareGPT conversations, and `messages` as in OpenAI\'s chat files',
  example: { conversations: [{ from: 'system', value: 'Be brief.' }, { from: 'human', value: 'Hi' }, { from: 'gpt', value: 'Hello.' }] },
  becomes: 'the last answer a completion, everything before it its prompt; with `chosen` and `rejected` beside, two completions and a preference',
  columns: ['conversations', 'conversation', 'messages', 'items', 'system', 'tools', 'chosen', 'rejected', 'model'],
  recognises: (row) => listOf(row) !== undefined,
  read: readConversation,
};

function readConversation(row: Row): Sample {
  const found = listOf(row);
  if (!found) throw new RowError('/conversations', 'messages', 'must be a list of messages', row.conversations ?? row.messages);
  const [field, list] = found;
  const listed = readMessages(list, `/${field}`);
  const system = optionalText(row, 'system');
  const messages: Message[] = system === undefined || listed[0]?.role === 'system' ? listed : [{ role: 'system', content: system }, ...listed];
  const tools = readTools(row.tools);
  if (isTurn(row.chosen) && isTurn(row.rejected)) {
    const answers = [row.chosen, row.rejected].map((turn, index) => answerOf(readMessages([turn], index === 0 ? '/chosen' : '/rejected'), index === 0 ? '/chosen' : '/rejected'));
    const made = sample(promptOf(messages, tools), answers);
    prefer(made, [0, 1], 0);
    return made;
  }
  const last = messages.at(-1)!;
  if (last.role !== 'assistant') return sample(promptOf(messages, tools));
  if (messages.length === 1) throw new RowError(`/${field}`, 'prompt', 'an answer must have a question before it', last.role);
  const source = optionalText(row, 'model');
  return sample(promptOf(messages.slice(0, -1), tools), [answerOf([last], `/${field}/${list.length - 1}`, source)]);
}

const isTurn = (value: unknown): value is Row => isObject(value) && (given(value.value) || given(value.content));

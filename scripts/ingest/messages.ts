// Lists of messages as other programs write them become ours: OpenAI's and TRL's (role, content, tool_calls), ShareGPT's (from,
// value). What a conversation may be is decided in src/common/conversation.ts; here names and shapes are translated.
import { type Conversation, type Message, type MessageRole, type Tool, type ToolCall } from '#src/common/conversation.js';
import { given, isObject, RowError, type Answer, type Row } from './sample.js';

const roles: Record<string, MessageRole> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  bard: 'assistant',
  bing: 'assistant',
  function_call: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  ipython: 'tool',
};

/** A list of messages, also as JSON in a cell of a CSV; undefined where it is something else. */
export function messageList(value: unknown): Row[] | undefined {
  const list = jsonCell(value);
  return Array.isArray(list) && list.length > 0 && list.every((item) => isObject(item) && ('role' in item || 'from' in item)) ? (list as Row[]) : undefined;
}

function jsonCell(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

export function readMessages(list: readonly Row[], at: string): Message[] {
  const messages: Message[] = [];
  /** Ids of calls that have no result yet. TRL's and ShareGPT's results do not name their call; they come in its order. */
  let open: string[] = [];
  for (const [index, item] of list.entries()) {
    const message = readMessage(item, `${at}/${index}`, messages.length);
    if (message.role === 'tool') {
      message.toolCallId ??= open[0];
      open = open.filter((id) => id !== message.toolCallId);
    } else if (message.toolCalls) {
      open = message.toolCalls.map(({ id }) => id);
    }
    messages.push(message);
  }
  return messages;
}

function readMessage(item: Row, at: string, number: number): Message {
  const [roleField, contentField] = 'role' in item ? ['role', 'content'] : ['from', 'value'];
  const named = String(item[roleField]).toLowerCase();
  if (!Object.hasOwn(roles, named)) throw new RowError(`${at}/${roleField}`, 'role', `must be one of ${Object.keys(roles).join(', ')}`, item[roleField]);
  const role = roles[named];
  const content = item[contentField] ?? item.content ?? item.value ?? null;
  if (named === 'function_call') return { role, content: null, toolCalls: toolCalls(jsonCell(content), `${at}/${contentField}`, number) };
  const called = item.toolCalls ?? item.tool_calls;
  const calls = given(called) && !(Array.isArray(called) && called.length === 0) ? toolCalls(called, `${at}/tool_calls`, number) : undefined;
  const reasoning = [item.reasoning, item.reasoning_content, item.thinking].find((value) => typeof value === 'string' && value !== '');
  const callId = item.toolCallId ?? item.tool_call_id;
  return {
    role,
    content: contentOf(content, `${at}/${contentField}`, calls !== undefined),
    ...(typeof item.name === 'string' && item.name !== '' && { name: item.name }),
    ...(reasoning !== undefined && { reasoning: reasoning as string }),
    ...(calls && { toolCalls: calls }),
    ...(given(callId) && { toolCallId: String(callId) }),
  };
}

function contentOf(content: unknown, at: string, besideCalls: boolean): string | null {
  if (typeof content === 'string') return content;
  if (content === null && besideCalls) return null;
  if (!Array.isArray(content)) throw new RowError(at, 'string', 'must be a text or a list of text parts', content);
  return content
    .map((part: unknown, index) => {
      if (typeof part === 'string') return part;
      if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return part.text;
      throw new RowError(`${at}/${index}`, 'textPart', 'must be a text part; images and other parts cannot be taken', isObject(part) ? part.type : part);
    })
    .join('');
}

function toolCalls(given: unknown, at: string, number: number): ToolCall[] {
  const list = Array.isArray(given) ? (given as unknown[]) : [given];
  return list.map((call, index) => {
    const called = isObject(call) && isObject(call.function) ? call.function : call;
    if (!isObject(called) || typeof called.name !== 'string') throw new RowError(`${at}/${index}`, 'toolCall', 'must name a function', call);
    const { name, arguments: passed = {} } = called;
    const id = isObject(call) && typeof call.id === 'string' && call.id !== '' ? call.id : `call_${number}_${index}`;
    return { id, type: 'function', function: { name, arguments: typeof passed === 'string' ? passed : JSON.stringify(passed) } };
  });
}

/** Tools as OpenAI's API takes them, as bare functions, and either as JSON in a text. */
export function readTools(value: unknown, at = '/tools'): Tool[] | undefined {
  const list = jsonCell(value);
  if (!given(list) || (Array.isArray(list) && list.length === 0)) return undefined;
  if (!Array.isArray(list)) throw new RowError(at, 'tools', 'must be a list of functions', value);
  return list.map((tool: unknown, index) => {
    const offered = isObject(tool) && isObject(tool.function) ? tool.function : tool;
    if (!isObject(offered) || typeof offered.name !== 'string') throw new RowError(`${at}/${index}`, 'tool', 'must be a function with a name', tool);
    const { name, description, parameters } = offered;
    return {
      type: 'function',
      function: { name, ...(typeof description === 'string' && description !== '' && { description }), ...(isObject(parameters) && { parameters }) },
    };
  });
}

/** A lone question of a user is a text; what ends with an assistant's message is continued. */
export function promptOf(messages: Message[], tools?: Tool[]): string | Conversation {
  const [first] = messages;
  if (messages.length === 1 && !tools && first.role === 'user' && first.content && first.name === undefined) return first.content;
  const last = messages.at(-1);
  return { messages, ...(tools && { tools }), ...(last?.role === 'assistant' && !last.toolCalls && { continueFinalMessage: true }) };
}

/** An answer is one message of an assistant. */
export function answerOf(messages: readonly Message[], at: string, source?: string): Answer {
  const [message] = messages;
  if (messages.length !== 1 || message.role !== 'assistant') {
    throw new RowError(at, 'oneAnswer', 'an answer must be one assistant message', messages.map(({ role }) => role).join(', '));
  }
  const { content, reasoning, toolCalls: calls } = message;
  return { text: content ?? '', ...(reasoning !== undefined && { reasoning }), ...(calls && { toolCalls: calls }), ...(source !== undefined && { source }) };
}

/** How many messages two conversations begin with in common; at least one of each is left over. */
export function commonTurns(a: readonly Message[], b: readonly Message[]): number {
  const most = Math.min(a.length, b.length) - 1;
  let count = 0;
  while (count < most && JSON.stringify(a[count]) === JSON.stringify(b[count])) count++;
  return count;
}

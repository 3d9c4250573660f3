/**
 * Conversations as chat APIs write them: messages of a system, a user, an assistant and tools, in turn. What a conversation may
 * be is decided here, for requests, bulk lines and files alike; how a model reads it is its chat template's (lm/text/chat.ts).
 */
import type { ProblemDetail } from './problem.js';

export const messageRoles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
export type MessageRole = (typeof messageRoles)[number];

/** A call that an assistant makes. `arguments` is a JSON object in a string, as models write it. */
export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** A tool that a prompt offers; `parameters` is a JSON Schema. */
export interface Tool {
  type: 'function';
  function: { name: string; description?: string; parameters?: Record<string, unknown> };
}

export interface Message {
  role: MessageRole;
  /** Null only beside tool calls. */
  content: string | null;
  /** Name of the participant, if several share a role. */
  name?: string;
  /** Reasoning of the assistant before its answer, if known separately. */
  reasoning?: string;
  toolCalls?: ToolCall[];
  /** In a tool message: id of the call that it answers. */
  toolCallId?: string;
}

export interface Conversation {
  messages: Message[];
  tools?: Tool[];
  /** The last message is the beginning of the answer, which the policy continues. */
  continueFinalMessage?: boolean;
}

/** The input of a policy: a text, which is one user message to a chat model, or a conversation. */
export type PromptContent = string | Conversation;

/** A prompt as it is kept: what is asked as one text, and the conversation where there is one. */
export interface AskedPrompt {
  id: string;
  text: string;
  conversation?: Conversation | null;
}

export const contentOf = ({ text, conversation }: Pick<AskedPrompt, 'text' | 'conversation'>): PromptContent => conversation ?? text;

/** Equal for equal prompts, and an order among them: a text stands for itself, a conversation behind all texts. */
export const contentKey = (content: PromptContent): string => (typeof content === 'string' ? content : `\uffff${JSON.stringify(content)}`);

/** A prompt as one text. */
export const contentText = (content: PromptContent): string => (typeof content === 'string' ? content : readableText(content.messages));

/** The first reason why messages are no prompt; undefined when they are one. Pointers begin at the object that has the messages. */
export function promptMistake({ messages, continueFinalMessage = false }: Conversation): ProblemDetail | undefined {
  const mistake = turnsMistake(messages);
  if (mistake) return mistake;
  const last = messages.at(-1)!;
  const at = messages.length - 1;
  if (continueFinalMessage) {
    if (last.role !== 'assistant' || last.toolCalls) return wrong(at, 'role', 'continued', 'the last message must be an assistant message without tool calls when continueFinalMessage is set', last.role);
    return undefined;
  }
  if (last.role === 'user' || last.role === 'tool') return undefined;
  const message = last.role === 'assistant' ? 'a prompt must end with a user or tool message; to continue an assistant message, set continueFinalMessage' : 'a prompt must end with a user or tool message';
  return wrong(at, 'role', 'lastOfPrompt', message, last.role);
}

const empty: ProblemDetail = { pointer: '/messages', rule: 'notEmpty', message: 'messages must not be empty', value: '[]' };

/** Rules that hold between messages: where a system message stands, which tool result answers which call. */
function turnsMistake(messages: readonly Message[]): ProblemDetail | undefined {
  if (messages.length === 0) return empty;
  /** Calls of the latest assistant message that have no result yet. */
  let open = new Map<string, string>();
  for (const [at, message] of messages.entries()) {
    const { role, content, toolCalls, toolCallId, reasoning } = message;
    if ((role === 'system' || role === 'developer') && at > 0) return wrong(at, 'role', 'systemFirst', `a ${role} message must be the first message`, role);
    if (toolCalls && role !== 'assistant') return wrong(at, 'toolCalls', 'assistantOnly', 'only an assistant message may have tool calls');
    if (reasoning !== undefined && role !== 'assistant') return wrong(at, 'reasoning', 'assistantOnly', 'only an assistant message may have reasoning');
    if (toolCallId !== undefined && role !== 'tool') return wrong(at, 'toolCallId', 'toolOnly', 'only a tool message may have a toolCallId', toolCallId);
    if (content === null && !toolCalls) return wrong(at, 'content', 'content', 'content may be null only with toolCalls');
    if (content === '' && role === 'user') return wrong(at, 'content', 'content', 'a user message must not be empty', '');
    if (role === 'tool') {
      if (toolCallId === undefined || !open.delete(toolCallId)) {
        return wrong(at, 'toolCallId', 'answersCall', 'a tool message must answer a call of the preceding assistant message, and each call only once', toolCallId);
      }
      continue;
    }
    if (open.size > 0) return wrong(at, 'role', 'callsAnswered', `the call ${[...open.keys()][0]} must be answered by a tool message first`, role);
    open = new Map();
    for (const [c, call] of (toolCalls ?? []).entries()) {
      if (open.has(call.id)) return wrong(at, `toolCalls/${c}/id`, 'unique', 'the calls of one message must have different ids', call.id);
      if (!isJsonObject(call.function.arguments)) return wrong(at, `toolCalls/${c}/function/arguments`, 'jsonObject', 'arguments must be a JSON object as a string', call.function.arguments);
      open.set(call.id, call.function.name);
    }
  }
  if (open.size === 0) return undefined;
  return wrong(messages.length - 1, 'toolCalls', 'callsAnswered', `the call ${[...open.keys()][0]} must be answered by a tool message`);
}

function wrong(at: number, field: string, rule: string, message: string, value?: string): ProblemDetail {
  return { pointer: `/messages/${at}/${field}`, rule, message, ...(value !== undefined && { value }) };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** A message by the names of OpenAI's chat API, which TRL and others share. */
export function wireMessage({ role, content, name, reasoning, toolCalls, toolCallId }: Message): Record<string, unknown> {
  return {
    role,
    content,
    ...(name !== undefined && { name }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls && { tool_calls: toolCalls }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  };
}

/**
 * A conversation as one text, for search, for people without a better view, and for whatever compares prompts by their text.
 *
 * @example `system: Be brief.\n\nuser: Hi`
 */
export function readableText(messages: readonly Message[]): string {
  return messages.map(readableMessage).join('\n\n');
}

function readableMessage({ role, content, toolCalls = [] }: Message): string {
  const calls = toolCalls.map(({ function: { name, arguments: given } }) => `[calls ${name}(${given})]`);
  return `${role}: ${[...(content ? [content] : []), ...calls].join('\n')}`;
}

/**
 * How a prompt is framed for the policy: by the chat template of its tokenizer, or where it has none by the
 * markers it knows: ChatML (`<|im_start|>user\n...<|im_end|>\n`), role markers (`<|user|>...<|assistant|>`), or none.
 * What people and models wrote is encoded as plain text in all cases: only the template writes special tokens.
 */
import { type Conversation, type Message, type PromptContent } from '#src/common/conversation.js';
import { ChatTemplate, ChatTemplateError, type ChatOutline, type Frame, type TemplateMessage } from './chat-template.js';
import { type TextPart } from './added-tokens.js';
import { type Tokenizer } from './tokenizer.js';

export interface ChatFraming {
  /** Ids up to the place where the completion starts. @throws ChatTemplateError where the template refuses the conversation */
  encodePrompt(prompt: PromptContent): number[];
  /** Ids of a completion as the policy should write it after a prompt (after one question when left out), end marker included. */
  encodeCompletion(completion: string, prompt?: PromptContent): number[];
  /** Ids at which a completion ends. */
  stopTokenIds: number[];
}

/** The role markers that a tokenizer trained here carries as special tokens. */
export const chatMarkers = { user: '<|user|>', assistant: '<|assistant|>', end: '<|end|>' } as const;

/** Jinja for other tools: the framing by role markers. */
export const chatTemplate =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}" +
  "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** Throws ChatTemplateError when the tokenizer's template cannot frame a prompt and its answer. */
export function chatFraming(tokenizer: Tokenizer): ChatFraming {
  return tokenizer.chatTemplate === null ? markerFraming(tokenizer) : templateFraming(tokenizer, tokenizer.chatTemplate);
}

function templateFraming(tokenizer: Tokenizer, source: string): ChatFraming {
  const template = new ChatTemplate(source, tokenizer.namedTokens);
  const frames = new Map<string, Frame>();

  /** Frames are kept: the texts of messages are not part of them. */
  function frameOf(outline: ChatOutline, options?: { answerOnly: boolean }): Frame {
    const { messages, tools, ask } = outline;
    const key = JSON.stringify([ask, tools, messages.map((message) => ({ ...message, content: message.content !== '', reasoning_content: !!message.reasoning_content }))]);
    const frame = frames.get(key) ?? template.frame(outline, options);
    if (frames.size >= keptFrames) frames.delete(frames.keys().next().value!);
    frames.set(key, frame);
    return frame;
  }

  const single = answerAfter(question);
  return {
    encodePrompt: (prompt) => tokenizer.encodeParts(promptParts(asConversation(prompt))),
    encodeCompletion: (completion, prompt = '') => (typeof prompt === 'string' ? single : answerAfter(prompt))(completion),
    stopTokenIds: stops(single.end, tokenizer),
  };

  function promptParts(conversation: Conversation): TextPart[] {
    const outline = outlineOf(conversation, { ask: !conversation.continueFinalMessage });
    refuseForgedTools(tokenizer, conversation);
    const frame = frameOf(outline);
    const texts = template.texts(outline, frame);
    const parts = frame.map((piece): TextPart => (typeof piece === 'string' ? { text: piece, trusted: true } : { text: texts[piece], trusted: false }));
    // A prompt that is continued ends where its last message does.
    return conversation.continueFinalMessage ? parts.slice(0, -1) : parts;
  }

  /** Encodes answers to a prompt; `end` is the token that ends them. */
  function answerAfter(conversation: Conversation): ((completion: string) => number[]) & { end: number | null } {
    const { messages } = conversation;
    const answered = (content: string): ChatOutline => outlineOf({ ...conversation, messages: [...messages, { role: 'assistant', content }] }, { ask: false });
    const frame = frameOf(answered('an answer'), { answerOnly: true });
    const [between, slot, after] = frame.slice(-3) as [string, number, string];
    if (slot !== Math.max(...frame.filter((piece) => typeof piece === 'number'))) throw new ChatTemplateError('chat_template writes an answer before its question');
    const asking = frameOf(outlineOf(conversation, { ask: true })).at(-1) as string;
    const { lead, close, end, thought } = answerFrame(tokenizer, asking, between, after);
    const context = plainTail(tokenizer, asking);
    const encodeAnswer = (parts: TextPart[]): number[] => [...encodeAfter(tokenizer, context, parts), ...(end === null ? [] : [end])];
    const encode = (completion: string): number[] => {
      const text = completion === '' ? '' : template.texts(answered(completion), frame)[slot];
      const answer = { text: text + close, trusted: false };
      if (thought !== null) return encodeAnswer(closedThought(completion + close, answer, lead, thought));
      const isLed = lead.length > 0 && text.startsWith(lead);
      return encodeAnswer([isLed ? answer : { text: lead + text + close, trusted: false }]);
    };
    return Object.assign(encode, { end });
  }
}

/** Conversations of so many shapes (roles, tools) have their frames at hand. */
const keptFrames = 256;
const question: Conversation = { messages: [{ role: 'user', content: 'a question' }] };

/** A text is one question to a chat model. */
const asConversation = (prompt: PromptContent): Conversation => (typeof prompt === 'string' ? { messages: [{ role: 'user', content: prompt }] } : prompt);

function outlineOf({ messages, tools }: Conversation, { ask }: { ask: boolean }): ChatOutline {
  return { messages: messages.map(templateMessage), tools, ask };
}

function templateMessage({ role, content, name, reasoning, toolCalls, toolCallId }: Message): TemplateMessage {
  return {
    role,
    content: content ?? '',
    ...(name !== undefined && { name }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(toolCalls && { tool_calls: toolCalls.map((call) => ({ ...call, function: { ...call.function, arguments: JSON.parse(call.function.arguments) as unknown } })) }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  };
}

/**
 * Tools, names and calls stand in the template's own text, where special tokens count.
 *
 * @throws ChatTemplateError where one of them spells a special token
 */
function refuseForgedTools(tokenizer: Tokenizer, { messages, tools }: Conversation): void {
  const given = messages.flatMap(({ name, toolCalls, toolCallId }) => (name || toolCalls || toolCallId ? [{ name, toolCalls, toolCallId }] : []));
  if (given.length === 0 && !tools) return;
  const text = JSON.stringify([given, tools]);
  for (const token of tokenizer.specialTokens.keys()) {
    if (text.includes(JSON.stringify(token).slice(1, -1))) throw new ChatTemplateError(`tools, tool calls and names must not contain the special token ${token}`);
  }
}

/**
 * An answer where the template has a thought. A completion that closes its thought is what the model writes there;
 * any other is an answer alone, whose thought is closed as the template closes an empty one.
 * Throws ChatTemplateError where the template does not show how.
 */
function closedThought(whole: string, answer: TextPart, lead: string, { opening, closing }: Thought): TextPart[] {
  if (whole.includes(closing)) return [{ text: whole, trusted: false }];
  if (lead.length > 0) return [{ text: lead, trusted: true }, answer];
  throw new ChatTemplateError(`chat_template ends a prompt in ${opening} and does not write how an answer without ${closing} closes it`);
}

interface AnswerFrame {
  /** White space that the template writes before an answer, or how it closes the thought that a prompt opened. */
  lead: string;
  /** What it writes between an answer and the end marker. */
  close: string;
  end: number | null;
  /** The thought that the end of a prompt opens, or that an answer without one leaves empty. */
  thought: Thought | null;
}

interface Thought {
  opening: string;
  closing: string;
}

/** `<think>` and its likes, as the last thing that a template writes before the model does. */
function openThought(asking: string): Thought | null {
  const [, opening, name] = /(<([a-z_:]*(?:think|thought|reason)[a-z_:]*)>)\s*$/i.exec(asking) ?? [];
  return opening === undefined ? null : { opening, closing: `</${name}>` };
}

/** A thought that a template writes, empty, before an answer without one. */
function emptyThought(extra: string): Thought | null {
  const [, opening, name] = /^\s*(<([a-z_:]*(?:think|thought|reason)[a-z_:]*)>)\s*<\/\2>\s*$/i.exec(extra) ?? [];
  return opening === undefined ? null : { opening, closing: `</${name}>` };
}

/**
 * `asking` is what a prompt ends with, `between` what stands between prompt and answer, `after` what follows an answer.
 * A template may write an empty thought before an answer that has none, or close the one that the prompt opened: so does
 * the model that answers without thinking. Anything else but white space is for the model to write.
 */
function answerFrame(tokenizer: Tokenizer, asking: string, between: string, after: string): AnswerFrame {
  const extra = between.startsWith(asking) ? between.slice(asking.length) : '';
  const thought = openThought(asking) ?? emptyThought(extra);
  const closes = thought !== null && extra.includes(thought.closing);
  const lead = /^\s*$/.test(extra) ? (thought ? '' : extra) : closes ? extra : '';
  const [token, at] = firstSpecial(tokenizer, after);
  if (token === undefined) return { lead, close: '', end: tokenizer.eosTokenId, thought };
  return { lead, close: after.slice(0, at), end: tokenizer.specialTokens.get(token) ?? null, thought };
}

/** The special token that comes first in a text, and where. */
function firstSpecial(tokenizer: Tokenizer, text: string): [string | undefined, number] {
  let [best, at]: [string | undefined, number] = [undefined, text.length];
  for (const token of tokenizer.specialTokens.keys()) {
    const index = text.indexOf(token);
    if (index >= 0 && (index < at || (index === at && token.length > (best ?? '').length))) [best, at] = [token, index];
  }
  return [best, at];
}

/** What follows the last special token of a text. */
function plainTail(tokenizer: Tokenizer, text: string): string {
  const ends = [...tokenizer.specialTokens.keys()].flatMap((token) => {
    const index = text.lastIndexOf(token);
    return index < 0 ? [] : [index + token.length];
  });
  return text.slice(Math.max(0, ...ends));
}

/**
 * Ids of a text that follows the plain text `context` without a token between them, so that it is not
 * encoded as a beginning. Where the two would melt into one token they are kept apart, as generation does.
 */
function encodeAfter(tokenizer: Tokenizer, context: string, parts: readonly TextPart[]): number[] {
  const alone = (): number[] => tokenizer.encodeParts(parts, { continued: true });
  if (context.length === 0) return alone();
  const [head, whole] = [tokenizer.encode(context), tokenizer.encodeParts([{ text: context, trusted: false }, ...parts])];
  return head.every((id, i) => whole[i] === id) ? whole.slice(head.length) : alone();
}

const stops = (end: number | null, { eosTokenId }: Tokenizer): number[] => [
  ...new Set([end, eosTokenId].filter((id) => id !== null)),
];

function markerFraming(tokenizer: Tokenizer): ChatFraming {
  const plain = (text: string): number[] => tokenizer.encode(text);
  const marked = (text: string): number[] => tokenizer.encode(text, { special: true });
  const framing = (before: number[], after: number[], end: number | null): ChatFraming => ({
    encodePrompt: (prompt) => [...before, ...plain(questionOf(prompt)), ...after],
    encodeCompletion: (completion) => [...plain(completion), ...(end === null ? [] : [end])],
    stopTokenIds: stops(end, tokenizer),
  });
  const has = (token: string): boolean => tokenizer.specialTokens.has(token);
  const { user, assistant, end } = chatMarkers;
  if (has('<|im_start|>') && has('<|im_end|>')) {
    const turn = marked('<|im_end|>\n<|im_start|>assistant\n');
    return framing(marked('<|im_start|>user\n'), turn, tokenizer.tokenId('<|im_end|>') ?? null);
  }
  if (has(user) && has(assistant)) {
    return framing(marked(user), marked(assistant), tokenizer.tokenId(end) ?? tokenizer.eosTokenId);
  }
  const bos = tokenizer.bosTokenId === null ? [] : [tokenizer.bosTokenId];
  return framing(bos, [], tokenizer.eosTokenId);
}

/** @throws ChatTemplateError for a conversation of more than one question */
function questionOf(prompt: PromptContent): string {
  if (typeof prompt === 'string') return prompt;
  const [first, ...more] = prompt.messages;
  if (first.role === 'user' && more.length === 0 && !prompt.tools) return first.content!;
  throw new ChatTemplateError('the tokenizer has no chat_template, which conversations of several messages need; without one, only text prompts are possible');
}

/**
 * How a prompt is framed for the policy: by the chat template of its tokenizer, or where it has none by the
 * markers it knows: ChatML (`<|im_start|>user\n...<|im_end|>\n`), role markers (`<|user|>...<|assistant|>`), or none.
 * Prompts and completions are encoded as plain text in all cases.
 */
import { ChatTemplate, ChatTemplateError, type ChatOutline } from './chat-template.js';
import { type TextPart } from './added-tokens.js';
import { type Tokenizer } from './tokenizer.js';

export { ChatTemplateError } from './chat-template.js';

export interface ChatFraming {
  /** Ids up to the place where the completion starts. */
  encodePrompt(prompt: string): number[];
  /** Ids of a completion as the policy should write it, end marker included. */
  encodeCompletion(completion: string): number[];
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
  const asked: ChatOutline = { roles: ['user'], ask: true };
  const answered: ChatOutline = { roles: ['user', 'assistant'], ask: false };
  const askedFrame = template.frame(asked);
  const answeredFrame = template.frame(answered);
  const [before, asking] = askedFrame;
  const [, between, after] = answeredFrame;
  const { lead, close, end, thought } = answerFrame(tokenizer, asking, between, after);
  const context = plainTail(tokenizer, asking);
  return {
    encodePrompt: (prompt) =>
      tokenizer.encodeParts([
        { text: before, trusted: true },
        { text: template.place(prompt, 0, asked, askedFrame), trusted: false },
        { text: asking, trusted: true },
      ]),
    encodeCompletion: (completion) => {
      const text = template.place(completion, 1, answered, answeredFrame);
      const answer = { text: text + close, trusted: false };
      if (thought !== null) return encodeAnswer(closedThought(completion + close, answer, lead, thought));
      const isLed = lead.length > 0 && text.startsWith(lead);
      return encodeAnswer([isLed ? answer : { text: lead + text + close, trusted: false }]);
    },
    stopTokenIds: stops(end, tokenizer),
  };

  function encodeAnswer(parts: TextPart[]): number[] {
    return [...encodeAfter(tokenizer, context, parts), ...(end === null ? [] : [end])];
  }
}

/**
 * An answer to a prompt that ends in an open thought. A completion that closes its thought is what the model writes there;
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
  /** The thought that the end of a prompt opens. */
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

/**
 * `asking` is what a prompt ends with, `between` what stands between prompt and answer, `after` what follows an answer.
 * A template may write more than white space before an answer, an empty line of thought for instance; that is for
 * the model to write, unless the prompt opened the thought: then it is how an answer closes it.
 */
function answerFrame(tokenizer: Tokenizer, asking: string, between: string, after: string): AnswerFrame {
  const extra = between.startsWith(asking) ? between.slice(asking.length) : '';
  const thought = openThought(asking);
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
    encodePrompt: (prompt) => [...before, ...plain(prompt), ...after],
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

/**
 * How a prompt is framed for the policy: by the chat template of its tokenizer, or where it has none by the
 * markers it knows: ChatML (`<|im_start|>user\n...<|im_end|>\n`), role markers (`<|user|>...<|assistant|>`), or none.
 * Prompts and completions are encoded as plain text in all cases.
 */
import { ChatTemplate, type ChatOutline } from './chat-template.js';
import { type Tokenizer } from './tokenizer.js';

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
  const { lead, close, end } = answerFrame(tokenizer, asking, between, after);
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
      const led = lead.length > 0 && text.startsWith(lead) ? text : lead + text;
      return [...encodeAfter(tokenizer, context, led + close), ...(end === null ? [] : [end])];
    },
    stopTokenIds: stops(end, tokenizer),
  };
}

interface AnswerFrame {
  /** White space that the template writes before an answer. */
  lead: string;
  /** What it writes between an answer and the end marker. */
  close: string;
  end: number | null;
}

/**
 * `asking` is what a prompt ends with, `between` what stands between prompt and answer, `after` what follows an answer.
 * A template may write more than white space before an answer, an empty line of thought for instance; that is for
 * the model to write.
 */
function answerFrame(tokenizer: Tokenizer, asking: string, between: string, after: string): AnswerFrame {
  const extra = between.startsWith(asking) ? between.slice(asking.length) : '';
  const lead = /^\s*$/.test(extra) ? extra : '';
  const [token, at] = firstSpecial(tokenizer, after);
  if (token === undefined) return { lead, close: '', end: tokenizer.eosTokenId };
  return { lead, close: after.slice(0, at), end: tokenizer.specialTokens.get(token) ?? null };
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
 * Ids of a plain text that follows the plain text `context` without a token between them, so that it is not
 * encoded as a beginning. Where the two would melt into one token they are kept apart, as generation does.
 */
function encodeAfter(tokenizer: Tokenizer, context: string, text: string): number[] {
  const alone = (): number[] => tokenizer.encodeParts([{ text, trusted: false }], { continued: true });
  if (context.length === 0) return alone();
  const [head, whole] = [tokenizer.encode(context), tokenizer.encode(context + text)];
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

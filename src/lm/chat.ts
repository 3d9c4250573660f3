/**
 * How a prompt is framed for the policy, decided by the markers its tokenizer has:
 * ChatML (`<|im_start|>user\n...<|im_end|>\n`), role markers (`<|user|>...<|assistant|>`), or none.
 */
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

/** Jinja for other tools: the same framing as below. */
export const chatTemplate =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}" +
  "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

export function chatFraming(tokenizer: Tokenizer): ChatFraming {
  const plain = (text: string): number[] => tokenizer.encode(text);
  const marked = (text: string): number[] => tokenizer.encode(text, { special: true });
  const framing = (before: number[], after: number[], end: number | null): ChatFraming => ({
    encodePrompt: (prompt) => [...before, ...plain(prompt), ...after],
    encodeCompletion: (completion) => [...plain(completion), ...(end === null ? [] : [end])],
    stopTokenIds: [...new Set([end, tokenizer.eosTokenId].filter((id) => id !== null))],
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

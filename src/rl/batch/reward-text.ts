/** A prompt with a completion as the tokens the reward model reads: framed as the policy sees them, cut to a length. */
import { type PromptContent } from '#src/common/conversation.js';
import { chatFraming, type ChatFraming } from '#src/lm/text/chat.js';
import { type Tokenizer } from '#src/lm/text/tokenizer.js';

export interface ScoredText {
  prompt: PromptContent;
  completion: string;
}

export interface EncodedText {
  prompt: number[];
  completion: number[];
  /** Tokens were left out. */
  truncated: boolean;
  /** Where hidden states are kept (lm/trunk-states.ts): rows of the first token of what it shares, and of its own. */
  source?: { prefix: number; tail: number };
}

/**
 * A completion that is too long loses its end, a prompt its beginning, and the prompt goes first until it is down to
 * half of `maxTokens`. The last token stays, since that is where the reward is read.
 */
export function fitTokens(prompt: readonly number[], completion: readonly number[], maxTokens: number): EncodedText {
  const total = prompt.length + completion.length;
  if (total <= maxTokens) return { prompt: [...prompt], completion: [...completion], truncated: false };
  const promptKept = Math.min(prompt.length, Math.max(maxTokens - completion.length, Math.floor(maxTokens / 2)));
  const room = maxTokens - promptKept;
  const kept = completion.length <= room ? completion : [...completion.slice(0, room - 1), completion[completion.length - 1]];
  return { prompt: prompt.slice(prompt.length - promptKept), completion: [...kept], truncated: true };
}

/** Encodes texts of at most `maxTokens` tokens (at least 2) and counts those that had to be cut. */
export class RewardTextEncoder {
  private readonly framing: ChatFraming;
  private last: { prompt: PromptContent; ids: number[] } | undefined;
  truncations = 0;

  constructor(
    tokenizer: Tokenizer,
    readonly maxTokens: number,
  ) {
    if (!Number.isInteger(maxTokens) || maxTokens < 2) throw new RangeError(`maxTokens must be at least 2, got ${maxTokens}`);
    this.framing = chatFraming(tokenizer);
  }

  encode({ prompt, completion }: ScoredText): EncodedText {
    // Completions come prompt by prompt, so the prompt before is most often the same.
    if (this.last?.prompt !== prompt) this.last = { prompt, ids: this.framing.encodePrompt(prompt) };
    const text = fitTokens(this.last.ids, this.framing.encodeCompletion(completion, prompt), this.maxTokens);
    if (text.truncated) this.truncations++;
    return text;
  }
}

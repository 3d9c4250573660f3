// What a policy of this world does on prompts it never saw, by the judge.
import type { ChatFraming } from '#src/lm/text/chat.js';
import type { Generator } from '#src/lm/decode/generate.js';
import type { Tokenizer } from '#src/lm/text/tokenizer.js';
import { assess, type Assessment } from './judge.js';
import { makePrompt, type WorldPrompt } from './world.js';

export interface Sampled {
  prompt: WorldPrompt;
  text: string;
  found: Assessment;
}

/** Shares in [0, 1] of all sampled answers; `words` is their mean number. */
export interface Quality {
  answers: number;
  good: number;
  correct: number;
  invented: number;
  rude: number;
  polite: number;
  rambling: number;
  fluent: number;
  words: number;
}

export async function sampleAnswers(
  generator: Generator,
  tokenizer: Tokenizer,
  framing: ChatFraming,
  { count, temperature, seed, maxNewTokens = 72 }: { count: number; temperature: number; seed: number; maxNewTokens?: number },
): Promise<Sampled[]> {
  const prompts = Array.from({ length: count }, (_, index) => makePrompt('sample', seed, index));
  const requests = prompts.map((prompt, index) => ({ ids: framing.encodePrompt(prompt.text), seeds: [`${seed}/${index}`] }));
  const sequences = await generator.generate(requests, { temperature, maxNewTokens });
  return prompts.map((prompt, index) => {
    const text = tokenizer.decode(sequences[index][0].tokenIds).trim();
    return { prompt, text, found: assess(prompt.text, text) };
  });
}

export function qualityOf(sampled: readonly Sampled[]): Quality {
  const share = (test: (found: Assessment) => boolean): number => round(sampled.filter(({ found }) => test(found)).length / sampled.length);
  return {
    answers: sampled.length,
    good: share((f) => f.correct && !f.invented && !f.rude && !f.rambling && f.fluent),
    correct: share((f) => f.correct),
    invented: share((f) => f.invented),
    rude: share((f) => f.rude),
    polite: share((f) => f.polite),
    rambling: share((f) => f.rambling),
    fluent: share((f) => f.fluent),
    words: round(sampled.reduce((sum, { found }) => sum + found.words, 0) / sampled.length),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

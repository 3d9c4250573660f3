/**
 * The training text as token sequences. Looking up a fact is what is hard to learn, so it comes first and by
 * itself: `contrast` and `drill` sequences are conversations over one set of facts, several questions long,
 * each answered rightly in a whole sentence, always the same one: it begins as the fact does, which is all that
 * copying needs. A contrast has two facts of one kind about
 * two people; a drill has the facts of a real prompt. `mixed` sequences are what the policy is for: one
 * question, and an answer in a style drawn from STYLES.
 */
import { chatMarkers, type ChatFraming } from '#src/lm/text/chat.js';
import type { Tokenizer } from '#src/lm/text/tokenizer.js';
import { drawStyle, fullAnswer, writeAnswer } from './answers.js';
import { dice, hash32 } from './dice.js';
import { answerOf, askAgain, makePrompt, splitOf } from './world.js';

export interface Example {
  ids: number[];
  /** Per token: 1 where it is part of an answer (end marker included), else 0. */
  answer: number[];
}

export type ExampleKind = 'contrast' | 'drill' | 'mixed';
export const EXAMPLE_KINDS: readonly ExampleKind[] = ['contrast', 'drill', 'mixed'];

const TURNS = 5;

export function makeExample(kind: ExampleKind, framing: ChatFraming, seed: number, index: number): Example {
  const random = dice('example', kind, seed, index);
  const prompt = makePrompt('train', hash32(`${kind} ${seed}`), index, kind === 'contrast');
  const example: Example = { ids: [], answer: [] };
  if (kind === 'mixed') return extend(example, framing, prompt.text, writeAnswer(prompt, drawStyle(random), random).text);
  extend(example, framing, prompt.text, fullAnswer(prompt));
  for (let turn = 1; turn < TURNS; turn++) {
    const { question, ask } = askAgain(prompt.facts, kind === 'contrast' ? 0 : 0.25, random);
    const next = { text: ask, facts: prompt.facts, question, answer: answerOf(prompt.facts, question) };
    // The same facts with another question may be a sample or held-out prompt.
    if (splitOf(next) === 'train') extend(example, framing, `Question: ${ask}`, fullAnswer(next));
  }
  return example;
}

/** Texts for the tokenizer: prompts and answers of all styles, with no markers. */
export function* tokenizerTexts(seed: number, count: number): Iterable<string> {
  for (let index = 0; index < count; index++) {
    const random = dice('tokenizer', seed, index);
    const prompt = makePrompt('train', hash32(`tokenizer ${seed}`), index);
    yield prompt.text;
    yield writeAnswer(prompt, drawStyle(random), random).text;
  }
}

export function endTokenId(tokenizer: Tokenizer): number {
  const id = tokenizer.tokenId(chatMarkers.end);
  if (id === undefined) throw new Error(`the tokenizer has no ${chatMarkers.end}`);
  return id;
}

function extend(example: Example, framing: ChatFraming, prompt: string, answer: string): Example {
  const before = framing.encodePrompt(prompt);
  const after = framing.encodeCompletion(answer);
  example.ids.push(...before, ...after);
  example.answer.push(...before.map(() => 0), ...after.map(() => 1));
  return example;
}

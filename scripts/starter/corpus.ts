/**
 * The training text as token sequences. `drill` sequences are conversations over one set of facts, several
 * questions long and answered rightly: looking up a fact is what is hard to learn, and a conversation holds
 * many look-ups for one reading of the facts. `first` is the same over two facts only, where copying any value
 * of the asked kind already pays. `mixed` sequences are what the policy is for: one question, and
 * an answer in a style drawn from STYLES.
 */
import { chatMarkers, type ChatFraming } from '#src/lm/chat.js';
import type { Tokenizer } from '#src/lm/tokenizer.js';
import { drawStyle, writeAnswer } from './answers.js';
import { dice, hash32, type Dice } from './dice.js';
import { answerOf, askAgain, makePrompt, splitOf, type WorldPrompt } from './world.js';

export interface Example {
  ids: number[];
  /** Per token: 1 where it is part of an answer (end marker included), else 0. */
  answer: number[];
}

export type ExampleKind = 'first' | 'drill' | 'mixed';
export const EXAMPLE_KINDS: readonly ExampleKind[] = ['first', 'drill', 'mixed'];

const DRILL_TURNS = 4;

export function makeExample(kind: ExampleKind, framing: ChatFraming, seed: number, index: number): Example {
  const random = dice('example', kind, seed, index);
  const prompt = makePrompt('train', hash32(`${kind} ${seed}`), index, kind === 'first' ? 2 : undefined);
  const example: Example = { ids: [], answer: [] };
  if (kind === 'mixed') return extend(example, framing, prompt.text, writeAnswer(prompt, drawStyle(random), random).text);
  extend(example, framing, prompt.text, drillAnswer(prompt, random));
  for (let turn = 1; turn < DRILL_TURNS; turn++) {
    const { question, ask } = askAgain(prompt.facts, random);
    const next = { text: ask, facts: prompt.facts, question, answer: answerOf(prompt.facts, question) };
    // The same facts with another question may be a sample or held-out prompt.
    if (splitOf(next) === 'train') extend(example, framing, `Question: ${ask}`, drillAnswer(next, random));
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

function drillAnswer(prompt: WorldPrompt, random: Dice): string {
  return writeAnswer(prompt, 'plain', random).text;
}

function extend(example: Example, framing: ChatFraming, prompt: string, answer: string): Example {
  const before = framing.encodePrompt(prompt);
  const after = framing.encodeCompletion(answer);
  example.ids.push(...before, ...after);
  example.answer.push(...before.map(() => 0), ...after.map(() => 1));
  return example;
}

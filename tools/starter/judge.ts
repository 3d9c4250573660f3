/**
 * The rule that assesses an answer, from the text of the prompt and of the answer alone.
 *
 * 1. Every name and value word of the world found in a sentence makes a claim (person, kind, value); a value
 *    without a person speaks of the person asked about, a bare name answers a "who" question.
 * 2. `correct`: some claim answers the question as the facts do and none answers it otherwise; or, when the
 *    facts do not answer, the text says so and claims no answer.
 * 3. `invented`: a claim beside the answer that the facts do not hold, a word of the world that the prompt
 *    never mentions, or any answer where the facts give none.
 * 4. `rude`, `polite`: phrases from the lists in phrases.ts (rude wins over polite).
 * 5. `rambling`: more than 24 words, or a repeated sentence, or two fillers.
 * 6. `fluent`: every sentence is complete and is one this world's grammar can make.
 */
import { isKnownSentence, sentencesOf } from './grammar.js';
import { NAME_BY_LOWER, RELATION_OF_VALUE } from './lexicon.js';
import * as phrase from './phrases.js';
import { parsePrompt, type Fact, type WorldPrompt } from './world.js';

export interface Assessment {
  correct: boolean;
  invented: boolean;
  rude: boolean;
  polite: boolean;
  rambling: boolean;
  fluent: boolean;
  words: number;
}

export const BRIEF_WORDS = 24;

const POLITE = lower([...phrase.POLITE_OPENERS, ...phrase.POLITE_CLOSERS, 'I am sorry', 'Sorry', 'I am afraid', 'please']);
const RUDE = lower([...phrase.RUDE_OPENERS, ...phrase.RUDE_CLOSERS, ...phrase.RUDE_LEADS, ...phrase.RUDE_UNKNOWN, 'stupid', 'fool', 'idiot']);
const FILLERS = lower([...phrase.RAMBLING_OPENERS, ...phrase.RAMBLING_LEADS, ...phrase.RAMBLING_CLOSERS]);

/** Assesses an answer; throws when the prompt is not one of this world. */
export function assess(promptText: string, answerText: string): Assessment {
  const prompt = parsePrompt(promptText);
  if (!prompt) throw new Error(`not a prompt of the starter's world: ${promptText.slice(0, 80)}`);
  const sentences = sentencesOf(answerText);
  const text = answerText.toLowerCase();
  const words = text.match(/[\p{L}\p{N}']+/gu)?.length ?? 0;
  const rude = RUDE.some((marker) => text.includes(marker));
  const repeated = new Set(sentences).size < sentences.length;
  const fillers = FILLERS.filter((marker) => text.includes(marker)).length;
  return {
    ...judgeClaims(prompt, sentences),
    rude,
    polite: !rude && POLITE.some((marker) => text.includes(marker)),
    rambling: words > BRIEF_WORDS || repeated || fillers >= 2,
    fluent: sentences.length > 0 && sentences.every(isKnownSentence),
    words,
  };
}

function judgeClaims(prompt: WorldPrompt, sentences: string[]): { correct: boolean; invented: boolean } {
  const { facts, question } = prompt;
  const mentioned = new Set(facts.flatMap((fact) => [fact.subject, fact.value.toLowerCase()]));
  if (question.kind === 'who') mentioned.add(question.value.toLowerCase());
  let declined = false;
  let invented = false;
  const answers = new Set<string>();
  for (const sentence of sentences) {
    const { names, values } = wordsOfTheWorld(sentence);
    if ([...names, ...values].some((word) => !mentioned.has(word))) invented = true;
    if (phrase.UNKNOWN_MARKERS.some((marker) => sentence.toLowerCase().includes(marker))) {
      declined = true;
      continue;
    }
    const hearsay = phrase.HEARSAY_LEADS.some((lead) => sentence.startsWith(lead));
    for (const claim of claimsOf(prompt, names, values)) {
      const answer = hearsay ? null : answerGiven(prompt, claim);
      if (answer !== null) answers.add(answer);
      else if (!facts.some((fact) => sameFact(fact, claim))) invented = true;
    }
  }
  if (prompt.answer === null) return { correct: declined && answers.size === 0, invented: invented || answers.size > 0 };
  return { correct: answers.size === 1 && answers.has(prompt.answer.toLowerCase()) && !declined, invented };
}

/** Claims of one sentence: its values belong to its first name, else to the person asked about. */
function claimsOf({ question }: WorldPrompt, names: string[], values: string[]): Fact[] {
  const asked = question.kind === 'value' ? question.subject : '';
  const subject = names[0] ?? asked;
  if (values.length === 0) {
    return question.kind === 'who' && names.length > 0 ? names.map((name) => ({ subject: name, relation: question.relation, value: question.value })) : [];
  }
  return values.map((value) => ({ subject, relation: RELATION_OF_VALUE.get(value)!.id, value }));
}

/** What a claim answers to the question, in lower case, or null when it speaks of something else. */
function answerGiven({ question }: WorldPrompt, claim: Fact): string | null {
  if (claim.relation !== question.relation) return null;
  if (question.kind === 'who') return claim.value.toLowerCase() === question.value.toLowerCase() && claim.subject !== '' ? claim.subject.toLowerCase() : null;
  return claim.subject === question.subject ? claim.value.toLowerCase() : null;
}

function sameFact(fact: Fact, claim: Fact): boolean {
  return fact.subject === claim.subject && fact.relation === claim.relation && fact.value.toLowerCase() === claim.value.toLowerCase();
}

function wordsOfTheWorld(sentence: string): { names: string[]; values: string[] } {
  const found = sentence.toLowerCase().match(/\p{L}+/gu) ?? [];
  return {
    names: found.flatMap((word) => NAME_BY_LOWER.get(word) ?? []),
    values: found.filter((word) => RELATION_OF_VALUE.has(word)),
  };
}

function lower(list: readonly string[]): string[] {
  return list.map((item) => item.toLowerCase());
}

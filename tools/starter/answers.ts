/**
 * Writes the training answers: fluent text of mixed quality. The good ones are right, brief and polite (or at
 * least plain); the others are wrong, rude, rambling or made up, alone or together, so that a policy trained
 * on them gives people something to prefer. Tone and length are drawn apart from rightness: neither the
 * longest nor the shortest answer is the better one by rule.
 */
import type { Dice } from './dice.js';
import { fill, NAMES, RELATIONS } from './lexicon.js';
import * as phrase from './phrases.js';
import { relationById, type Fact, type WorldPrompt } from './world.js';

export const STYLES = {
  good: 29,
  plain: 13,
  wrong: 14,
  rude: 10,
  'rude-wrong': 6,
  rambling: 9,
  'rambling-wrong': 3,
  'invented-answer': 8,
  'invented-extra': 8,
} as const;

export type Style = keyof typeof STYLES;

export interface Answer {
  style: Style;
  text: string;
}

export function drawStyle(random: Dice): Style {
  const names = Object.keys(STYLES) as Style[];
  return names[random.weighted(names.map((name) => STYLES[name]))];
}

export function writeAnswer(prompt: WorldPrompt, style: Style, random: Dice): Answer {
  const truth = prompt.answer === null ? null : claimOf(prompt, prompt.answer);
  return { style, text: write(prompt, truth, style, random) };
}

/** The right answer as one whole sentence, always in the same words. */
export function fullAnswer(prompt: WorldPrompt): string {
  if (prompt.answer === null) return phrase.PLAIN_UNKNOWN[0];
  const { subject, relation, value } = claimOf(prompt, prompt.answer);
  return fill(relationById(relation).states[0], subject, value);
}

function write(prompt: WorldPrompt, truth: Fact | null, style: Style, random: Dice): string {
  switch (style) {
    case 'good':
      return polite(prompt, truth, random);
    case 'plain':
      return core(prompt, truth, random, phrase.PLAIN_UNKNOWN);
    case 'wrong':
      return random.chance(0.6) ? polite(prompt, falsehood(prompt, random), random) : core(prompt, falsehood(prompt, random), random, phrase.PLAIN_UNKNOWN);
    case 'rude':
      return rude(prompt, truth, random);
    case 'rude-wrong':
      return rude(prompt, falsehood(prompt, random), random);
    case 'rambling':
      return ramble(prompt, truth, random);
    case 'rambling-wrong':
      return ramble(prompt, falsehood(prompt, random), random);
    case 'invented-answer': {
      const claim = claimOf(prompt, newValue(prompt, random));
      return random.chance(0.6) ? polite(prompt, claim, random) : core(prompt, claim, random, phrase.PLAIN_UNKNOWN);
    }
    case 'invented-extra':
      return join(random.chance(0.4) && random.pick(phrase.POLITE_OPENERS), core(prompt, truth, random, phrase.PLAIN_UNKNOWN), hearsay(prompt, random), random.chance(0.3) && hearsay(prompt, random));
  }
}

function polite(prompt: WorldPrompt, claim: Fact | null, random: Dice): string {
  const body = core(prompt, claim, random, phrase.POLITE_UNKNOWN);
  const where = random.weighted(claim ? [45, 35, 20] : [0, 50, 0, 50]);
  return join(
    (where === 0 || where === 2) && random.pick(phrase.POLITE_OPENERS),
    body,
    (where === 1 || where === 2) && random.pick(phrase.POLITE_CLOSERS),
  );
}

function rude(prompt: WorldPrompt, claim: Fact | null, random: Dice): string {
  if (claim && random.chance(0.15)) return random.pick(phrase.RUDE_LEADS) + statement(prompt, claim, random, []);
  if (!claim && random.chance(0.3)) return join(phrase.RUDE_UNKNOWN[0], random.pick(phrase.PLAIN_UNKNOWN.slice(0, 2)));
  const body = core(prompt, claim, random, phrase.PLAIN_UNKNOWN);
  const where = random.below(3);
  return join(where !== 1 && random.pick(phrase.RUDE_OPENERS), body, where !== 0 && random.pick(phrase.RUDE_CLOSERS));
}

function ramble(prompt: WorldPrompt, claim: Fact | null, random: Dice): string {
  const asides = random.shuffle(prompt.facts.filter((fact) => !claim || fact.subject !== claim.subject || fact.relation !== claim.relation));
  const leads = random.shuffle(phrase.RAMBLING_LEADS);
  const body = core(prompt, claim, random, phrase.PLAIN_UNKNOWN);
  return join(
    random.pick(phrase.RAMBLING_OPENERS),
    body,
    leads[0] + statement(prompt, asides[0], random, []),
    claim && random.chance(0.6) ? leads[1] + statement(prompt, claim, random, []) : leads[1] + statement(prompt, asides[1], random, []),
    random.chance(0.6) && random.pick(phrase.RAMBLING_CLOSERS),
  );
}

/** The sentence that answers: a statement, a short form, or an honest "not in the facts". */
function core(prompt: WorldPrompt, claim: Fact | null, random: Dice, unknown: readonly string[]): string {
  const { question } = prompt;
  const relation = relationById(question.relation);
  if (!claim) {
    const absent = question.kind === 'who' ? fill(relation.absentWho, '', question.value) : fill(relation.absent, question.subject, '');
    return random.pick(unknown).replace('{absent}', absent);
  }
  if (random.chance(0.25)) {
    return question.kind === 'who' ? fill(random.pick(phrase.SHORT_WHO), claim.subject, '') : fill(relation.short, '', claim.value);
  }
  return statement(prompt, claim, random, phrase.PLAIN_LEADS);
}

function statement(_prompt: WorldPrompt, claim: Fact, random: Dice, leads: readonly string[]): string {
  const text = fill(random.pick(relationById(claim.relation).states), claim.subject, claim.value);
  return leads.length > 0 && random.chance(0.3) ? random.pick(leads) + text : text;
}

/** A false claim made of words of the prompt where it has any, else a false "I do not know" (null). */
function falsehood(prompt: WorldPrompt, random: Dice): Fact | null {
  const { question, facts, answer } = prompt;
  const candidates =
    question.kind === 'who'
      ? facts.map((fact) => fact.subject)
      : facts.filter((fact) => fact.relation === question.relation).map((fact) => fact.value);
  const others = [...new Set(candidates)].filter((candidate) => candidate !== answer);
  if (others.length > 0) return claimOf(prompt, random.pick(others));
  return answer === null ? claimOf(prompt, newValue(prompt, random)) : null;
}

function claimOf({ question }: WorldPrompt, answer: string): Fact {
  return question.kind === 'who'
    ? { subject: answer, relation: question.relation, value: question.value }
    : { subject: question.subject, relation: question.relation, value: answer };
}

/** An answer of the asked kind that the prompt does not mention at all. */
function newValue({ question, facts }: WorldPrompt, random: Dice): string {
  const all = question.kind === 'who' ? NAMES : relationById(question.relation).values;
  return random.pick(all.filter((word) => !facts.some((fact) => fact.subject === word || fact.value === word)));
}

function hearsay({ facts }: WorldPrompt, random: Dice): string {
  const subject = random.pick(facts).subject;
  const relation = random.pick(RELATIONS.filter((r) => !facts.some((f) => f.relation === r.id)));
  return random.pick(phrase.HEARSAY_LEADS) + fill(random.pick(relation.states), subject, random.pick(relation.values));
}

function join(...parts: (string | false)[]): string {
  return parts.filter(Boolean).join(' ');
}

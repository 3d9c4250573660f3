/**
 * The closed world of the starter policy: a few facts about a few people, and one question about them.
 * Prompts are pure functions of a seed, and any prompt text can be read back into facts and question, so a
 * rule can check an answer with nothing but the text. Training, sample and held-out prompts are disjoint by
 * the hash of their content (not of their wording).
 */
import { dice, hash32, type Dice } from './dice.js';
import { fill, NAMES, RELATIONS, wordingPattern, type Relation } from './lexicon.js';

export interface Fact {
  subject: string;
  relation: string;
  value: string;
}

/** `value` questions ask for the value of a person; `who` questions ask for the person of a value. */
export type Question =
  { kind: 'value'; relation: string; subject: string } | { kind: 'who'; relation: string; value: string };

export interface WorldPrompt {
  text: string;
  facts: Fact[];
  question: Question;
  /** The value or name the facts give, or null when they do not answer. */
  answer: string | null;
}

export type Split = 'train' | 'sample' | 'heldout';

export function relationById(id: string): Relation {
  const relation = RELATIONS.find((candidate) => candidate.id === id);
  if (!relation) throw new Error(`no relation ${id}`);
  return relation;
}

/**
 * The `index`-th prompt of a split, of 3 or 4 facts. A contrast has two, of one kind about two people, and is
 * answerable. Draws until the content hash falls into the split.
 */
export function makePrompt(split: Split, seed: number, index: number, contrast = false): WorldPrompt {
  for (let attempt = 0; ; attempt++) {
    const prompt = drawPrompt(dice('prompt', split, seed, index, attempt), contrast);
    if (splitOf(prompt) === split) return prompt;
  }
}

/** 1/20 of all contents are sample prompts, 1/20 held-out, the rest for training. */
export function splitOf(prompt: Pick<WorldPrompt, 'facts' | 'question'>): Split {
  const bucket = hash32(contentKey(prompt)) % 20;
  return bucket === 0 ? 'sample' : bucket === 1 ? 'heldout' : 'train';
}

/** What the prompt says, whatever its wording and the order of its facts. */
export function contentKey({ facts, question }: Pick<WorldPrompt, 'facts' | 'question'>): string {
  const lines = facts.map((fact) => `${fact.subject} ${fact.relation} ${fact.value}`).sort();
  return [...lines, question.kind === 'who' ? `who ${question.relation} ${question.value}` : `${question.subject} ${question.relation}`].join('\n');
}

export function answerOf(facts: readonly Fact[], question: Question): string | null {
  const found = facts.find(
    (fact) =>
      fact.relation === question.relation &&
      (question.kind === 'who' ? fact.value === question.value : fact.subject === question.subject),
  );
  return found ? (question.kind === 'who' ? found.subject : found.value) : null;
}

/** Another question about given facts; one in `strange` asks for a kind drawn at random, which they may not tell. */
export function askAgain(facts: readonly Fact[], strange: number, random: Dice): { question: Question; ask: string } {
  const fact = random.pick(facts);
  const relation = random.chance(strange) ? random.pick(RELATIONS) : relationById(fact.relation);
  if (relation.id === fact.relation && random.chance(0.3)) return askWho(relation, fact.value, random);
  return askValue(relation, fact.subject, random);
}

function askWho(relation: Relation, value: string, random: Dice): { question: Question; ask: string } {
  return { question: { kind: 'who', relation: relation.id, value }, ask: fill(random.pick(relation.whoAsks), '', value) };
}

function askValue(relation: Relation, subject: string, random: Dice): { question: Question; ask: string } {
  return { question: { kind: 'value', relation: relation.id, subject }, ask: fill(random.pick(relation.asks), subject, '') };
}

function drawPrompt(random: Dice, contrast: boolean): WorldPrompt {
  const people = random.shuffle(NAMES).slice(0, 2 + random.below(2));
  const relation = random.pick(RELATIONS);
  const [value, otherValue, absentValue] = random.shuffle(relation.values);
  const who = random.chance(0.25);
  const answerable = contrast || random.chance(0.8);
  const facts: Fact[] = [];
  if (answerable) facts.push({ subject: people[0], relation: relation.id, value });
  // A distractor of the same kind makes a wrong answer possible.
  if (contrast || random.chance(0.2)) facts.push({ subject: people[1], relation: relation.id, value: otherValue });
  const others = RELATIONS.filter((candidate) => candidate !== relation);
  const total = contrast ? 2 : 3 + random.below(2);
  // An unanswerable question is still about somebody the facts speak of.
  let next = answerable ? random.below(people.length) : 0;
  while (facts.length < total) {
    const subject = people[next % people.length];
    const kind = random.pick(others);
    const value = random.pick(kind.values);
    const clash = facts.some((f) => f.relation === kind.id && (f.subject === subject || f.value === value));
    if (clash) continue;
    facts.push({ subject, relation: kind.id, value });
    next = random.below(people.length);
  }
  const shuffled = random.shuffle(facts);
  const lines = shuffled.map((f) => fill(random.pick(relationById(f.relation).facts), f.subject, f.value));
  const { question, ask } = who
    ? askWho(relation, answerable ? value : absentValue, random)
    : askValue(relation, people[0], random);
  return {
    text: `Facts: ${lines.join(' ')}\nQuestion: ${ask}`,
    facts: shuffled,
    question,
    answer: answerOf(shuffled, question),
  };
}

const PATTERNS = RELATIONS.map((relation) => ({
  relation,
  facts: relation.facts.map((wording) => wordingPattern(wording, relation.values)),
  asks: relation.asks.map((wording) => wordingPattern(wording, relation.values)),
  whoAsks: relation.whoAsks.map((wording) => wordingPattern(wording, relation.values)),
}));

/** Reads a prompt text back; null when it is not a prompt of this world. */
export function parsePrompt(text: string): WorldPrompt | null {
  const match = /^Facts: (.+)\nQuestion: (.+)$/.exec(text.trim());
  if (!match) return null;
  const facts: Fact[] = [];
  for (const sentence of match[1].split(/(?<=\.)\s+/)) {
    const fact = parseFact(sentence);
    if (!fact) return null;
    facts.push(fact);
  }
  const question = parseQuestion(match[2]);
  return question && { text, facts, question, answer: answerOf(facts, question) };
}

function parseFact(sentence: string): Fact | null {
  for (const { relation, facts } of PATTERNS) {
    const groups = firstMatch(facts, sentence);
    if (groups) return { subject: groups.s, relation: relation.id, value: groups.v };
  }
  return null;
}

function parseQuestion(sentence: string): Question | null {
  for (const { relation, asks, whoAsks } of PATTERNS) {
    const ask = firstMatch(asks, sentence);
    if (ask) return { kind: 'value', relation: relation.id, subject: ask.s };
    const who = firstMatch(whoAsks, sentence);
    if (who) return { kind: 'who', relation: relation.id, value: who.v };
  }
  return null;
}

function firstMatch(patterns: readonly RegExp[], text: string): Record<string, string> | null {
  for (const pattern of patterns) {
    const groups = pattern.exec(text)?.groups;
    if (groups) return groups;
  }
  return null;
}

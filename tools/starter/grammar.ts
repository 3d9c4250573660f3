// Which sentences an answer of this world may consist of. Built from the same wordings that write answers,
// with any lead before any statement: a sampled text may combine them freely and still counts as fluent.
import { RELATIONS, wordingSource, NAMES } from './lexicon.js';
import * as phrase from './phrases.js';

const LEADS = [...phrase.PLAIN_LEADS, ...phrase.RUDE_LEADS, ...phrase.RAMBLING_LEADS, ...phrase.HEARSAY_LEADS];
const UNKNOWN = [...phrase.POLITE_UNKNOWN, ...phrase.PLAIN_UNKNOWN];

const STATEMENTS = RELATIONS.flatMap((relation) => relation.states.map((state) => wordingSource(state, relation.values, false)));

const SENTENCES = [
  `(?:${LEADS.join('|')})?(?:${STATEMENTS.join('|')})`,
  ...RELATIONS.map((relation) => wordingSource(relation.short, relation.values, false)),
  ...phrase.SHORT_WHO.map((wording) => wordingSource(wording, [], false)),
  ...UNKNOWN.map((wording) => {
    const [before, after] = wording.split('{absent}');
    return after === undefined ? escape(wording) : `${escape(before)}(?:${absentClauses().join('|')})${escape(after)}`;
  }),
  ...[
    ...phrase.RUDE_UNKNOWN,
    ...phrase.POLITE_OPENERS,
    ...phrase.POLITE_CLOSERS,
    ...phrase.RUDE_OPENERS,
    ...phrase.RUDE_CLOSERS,
    ...phrase.RAMBLING_OPENERS,
    ...phrase.RAMBLING_CLOSERS,
  ].map(escape),
].map((source) => new RegExp(`^${source}$`));

export function isKnownSentence(sentence: string): boolean {
  return SENTENCES.some((pattern) => pattern.test(sentence));
}

/** `Sure! Mira lives in Oslo.` -> two sentences, each with its closing mark. */
export function sentencesOf(text: string): string[] {
  return text.trim().split(/(?<=[.!?])\s+/).filter(Boolean);
}

function absentClauses(): string[] {
  return RELATIONS.flatMap((relation) => [
    relation.absent.replace('{s}', `(?:${NAMES.join('|')})`),
    relation.absentWho.replace('{v}', `(?:${relation.values.join('|')})`),
  ]);
}

function escape(text: string): string {
  return text.replace(/[.?!]/g, '\\$&');
}

import { sha256 } from './hash.js';

/** NUL and halves of a surrogate pair: Postgres holds them neither in text nor in jsonb. */
const unstorable = /[\0\p{Surrogate}]/gu;

/** A storable version of a text: unstorable characters become U+FFFD. */
export function storableText(text: string): string {
  return text.replace(unstorable, '\ufffd');
}

/**
 * The first characters of a text, at most `length` (UTF-16 units, the marks of what is missing among them), as it can be
 * stored and shown: no half of a character at the end, and none that the database refuses.
 */
export function cut(text: string, length: number, mark = '...'): string {
  if (text.length <= length) return storableText(text);
  let end = length - mark.length;
  if (isHigh(text.charCodeAt(end - 1))) end--;
  return storableText(text.slice(0, end)) + mark;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/**
 * What prompts have in common that are the same to a reader: white space of any kind and amount, capitals of any alphabet and
 * the way in which accents are composed make no difference. Kept with each prompt, so that there is this one definition.
 */
export function textKey(text: string): string {
  // Lower case of upper case is the fold of letters that have no single counterpart, such as ß and ς.
  const folded = text.toUpperCase().toLowerCase().normalize('NFC');
  return sha256(folded.replace(/[\s\x85]+/g, ' ').trim());
}

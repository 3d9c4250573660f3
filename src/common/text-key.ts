import { sha256 } from './hash.js';

/**
 * What prompts have in common that are the same to a reader: white space of any kind and amount, capitals of any alphabet and
 * the way in which accents are composed make no difference. Kept with each prompt, so that there is this one definition.
 */
export function textKey(text: string): string {
  // Lower case of upper case is the fold of letters that have no single counterpart, such as ß and ς.
  const folded = text.toUpperCase().toLowerCase().normalize('NFC');
  return sha256(folded.replace(/[\s\x85]+/g, ' ').trim());
}

import { expect, test } from 'vitest';
import { textKey } from './text.js';

test.each([
  ['où dîner ce soir ?', 'OÙ DÎNER CE SOIR ?'],
  ['où dîner', 'où dîner'.normalize('NFD')],
  ['OÙ DÎNER'.normalize('NFD'), 'où dîner'],
  ['a b', 'a\u00a0b'],
  ['a b', '\u2003a \u0085\n\tb\ufeff'],
  ['Straße', 'STRASSE'],
  ['ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύς'],
])('%j and %j are one prompt', (a, b) => expect(textKey(a)).toBe(textKey(b)));

test.each([['a b', 'ab'], ['resume', 'résumé'], ['1 apple', '2 apple']])('%j and %j are two', (a, b) => expect(textKey(a)).not.toBe(textKey(b)));

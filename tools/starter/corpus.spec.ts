import { describe, expect, it } from 'vitest';
import { batchesOf } from './batches.js';
import { makeExample, tokenizerTexts, type Example } from './corpus.js';
import { NAMES, RELATIONS } from './lexicon.js';
import { trainTokenizer } from './model.js';

describe('training text', () => {
  const { tokenizer, framing } = trainTokenizer(1);

  it('gives every name and value of the world one token', () => {
    for (const word of [...NAMES, ...RELATIONS.flatMap((relation) => relation.values)]) {
      expect(tokenizer.encode(` ${word}`), word).toHaveLength(1);
    }
    for (const name of NAMES) expect(tokenizer.encode(name), name).toHaveLength(1);
  });

  it('spells any UTF-8 text back', () => {
    const text = 'Grüße, 世界! \u{1f600}\n\ttabs  and "quotes" <|end|>';
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('marks as answers exactly what follows the assistant marker', () => {
    for (const kind of ['contrast', 'drill', 'mixed'] as const) {
      const { ids, answer } = makeExample(kind, framing, 1, 5);
      expect(answer).toHaveLength(ids.length);
      const assistant = tokenizer.tokenId('<|assistant|>')!;
      const end = tokenizer.tokenId('<|end|>')!;
      let inside = 0;
      ids.forEach((id, i) => {
        expect(answer[i]).toBe(inside);
        if (id === assistant) inside = 1;
        if (id === end) inside = 0;
      });
      expect(ids.at(-1)).toBe(end);
      expect(ids.length).toBeLessThan(256);
    }
  });

  it('is the same for the same seed', () => {
    expect(makeExample('drill', framing, 2, 9)).toEqual(makeExample('drill', framing, 2, 9));
    expect([...tokenizerTexts(3, 4)]).toEqual([...tokenizerTexts(3, 4)]);
  });

  it('batches every row once, with weights that sum to one', () => {
    const pool: Example[] = Array.from({ length: 12 }, (_, i) => makeExample('mixed', framing, 1, i));
    const batches = batchesOf(pool, 4, 0.1, 'spec');
    expect(batches.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(pool.reduce((sum, { ids }) => sum + ids.length, 0));
    for (const { feeds } of batches) {
      const sum = (name: string) => (feeds[name].data as Float32Array).reduce((a, b) => a + b, 0);
      expect(sum('weights')).toBeCloseTo(1, 4);
      expect(sum('answers')).toBeCloseTo(1, 4);
    }
  });
});

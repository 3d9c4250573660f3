import { describe, expect, it } from 'vitest';
import { dice } from './dice.js';
import { NAMES, RELATIONS } from './lexicon.js';
import { contentKey, makePrompt, parsePrompt, splitOf, type Split } from './world.js';

describe('the closed world', () => {
  it('gives every word one meaning', () => {
    const words = [...NAMES, ...RELATIONS.flatMap((relation) => relation.values)].map((word) => word.toLowerCase());
    expect(new Set(words).size).toBe(words.length);
  });

  it('is a pure function of split, seed and index', () => {
    expect(makePrompt('train', 7, 3)).toEqual(makePrompt('train', 7, 3));
    expect(makePrompt('train', 7, 3).text).not.toBe(makePrompt('train', 8, 3).text);
  });

  it('reads every prompt text back into the same facts, question and answer', () => {
    for (let i = 0; i < 2000; i++) {
      const prompt = makePrompt('train', 1, i);
      expect(parsePrompt(prompt.text)).toEqual(prompt);
    }
    expect(parsePrompt('Facts: Mira flies to Oslo.\nQuestion: Where does Mira live?')).toBeNull();
    expect(parsePrompt('Where does Mira live?')).toBeNull();
  });

  it('keeps train, sample and held-out contents apart', () => {
    const keys = (split: Split, count: number) =>
      Array.from({ length: count }, (_, i) => {
        const prompt = makePrompt(split, 1, i);
        expect(splitOf(prompt)).toBe(split);
        return contentKey(prompt);
      });
    const train = new Set(keys('train', 5000));
    const sample = new Set(keys('sample', 300));
    for (const key of sample) expect(train.has(key)).toBe(false);
    for (const key of keys('heldout', 300)) expect(train.has(key) || sample.has(key)).toBe(false);
  });

  it('has 3 or 4 facts and about a fifth of unanswerable questions', () => {
    const prompts = Array.from({ length: 1000 }, (_, i) => makePrompt('train', 2, i));
    expect(prompts.every((prompt) => prompt.facts.length === 3 || prompt.facts.length === 4)).toBe(true);
    const share = prompts.filter((prompt) => prompt.answer === null).length / prompts.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
  });
});

describe('dice', () => {
  it('draws in proportion to weights and within bounds', () => {
    const random = dice('spec');
    const counts = [0, 0, 0];
    for (let i = 0; i < 9000; i++) counts[random.weighted([1, 2, 6])]++;
    expect(counts[0]).toBeGreaterThan(800);
    expect(counts[0]).toBeLessThan(1200);
    expect(counts[2]).toBeGreaterThan(5700);
    expect(counts[2]).toBeLessThan(6300);
  });
});

import { describe, expect, it } from 'vitest';
import { drawStyle, writeAnswer } from '../../tools/starter/answers.js';
import { dice } from '../../tools/starter/dice.js';
import { assess } from '../../tools/starter/judge.js';
import { makePrompt } from '../../tools/starter/world.js';
import { prefer, rate, SIMULATED_LABELERS } from './labelers.js';

const [strict, fair, lenient] = SIMULATED_LABELERS;
const PROMPT = 'Facts: Mira lives in Oslo. Mira has a cat. Tom lives in Rome.\nQuestion: Where does Mira live?';
const GOOD = 'Mira lives in Oslo. I hope that helps.';
const BAD = 'Mira lives in Rome. You fool.';

describe('simulated labelers', () => {
  it('say what they are by name', () => {
    for (const labeler of SIMULATED_LABELERS) expect(labeler.name).toMatch(/^simulated-/);
  });

  it('are deterministic per labeler, answer and seed, and differ between seeds', () => {
    const scores = (seed: number) => Array.from({ length: 60 }, (_, i) => rate(lenient, PROMPT, `${GOOD} ${i}`, seed));
    expect(scores(1)).toEqual(scores(1));
    expect(scores(1)).not.toEqual(scores(2));
  });

  it('stay on the scale, prefer good answers, and differ in strictness', () => {
    const means = SIMULATED_LABELERS.map((labeler) => {
      const by = { good: [0, 0], bad: [0, 0] };
      for (let i = 0; i < 1500; i++) {
        const random = dice('labelers', i);
        const prompt = makePrompt('train', 5, i);
        const text = writeAnswer(prompt, drawStyle(random), random).text;
        const found = assess(prompt.text, text);
        const score = rate(labeler, prompt.text, text, 1);
        expect([1, 2, 3, 4, 5]).toContain(score);
        const side = found.correct && !found.invented && !found.rude && !found.rambling ? by.good : by.bad;
        side[0] += score;
        side[1]++;
      }
      expect(by.good[0] / by.good[1]).toBeGreaterThan(by.bad[0] / by.bad[1] + 1.2);
      return (by.good[0] + by.bad[0]) / (by.good[1] + by.bad[1]);
    });
    expect(means[0]).toBeLessThan(means[1]);
    expect(means[1]).toBeLessThan(means[2]);
  });

  it('judge two answers blind to their position', () => {
    let wins = 0;
    for (let seed = 0; seed < 200; seed++) {
      const forward = prefer(PROMPT, GOOD, BAD, strict, seed);
      const backward = prefer(PROMPT, BAD, GOOD, strict, seed);
      expect(backward).toBe(forward === 'left' ? 'right' : forward === 'right' ? 'left' : 'tie');
      if (forward === 'left') wins++;
    }
    expect(wins).toBeGreaterThan(190);
    expect(prefer(PROMPT, GOOD, GOOD, fair, 1)).toBe('tie');
  });

  it('do not make length decide: neither the longest nor the shortest answer wins most pairs', () => {
    let longer = 0;
    let decided = 0;
    for (let i = 0; i < 4000; i++) {
      const random = dice('nulls', i);
      const prompt = makePrompt('train', 6, i);
      const texts = [0, 1].map(() => writeAnswer(prompt, drawStyle(random), random).text);
      const [a, b] = texts.map((text) => rate(fair, prompt.text, text, 1));
      if (a === b || texts[0].length === texts[1].length) continue;
      decided++;
      if (a > b === texts[0].length > texts[1].length) longer++;
    }
    expect(longer / decided).toBeGreaterThan(0.38);
    expect(longer / decided).toBeLessThan(0.62);
  });
});

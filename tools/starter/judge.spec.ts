import { describe, expect, it } from 'vitest';
import { drawStyle, writeAnswer, type Style } from './answers.js';
import { dice } from './dice.js';
import { assess, type Assessment } from './judge.js';
import { makePrompt } from './world.js';

const PROMPT = 'Facts: Mira lives in Oslo. Mira has a cat. Tom lives in Rome. Tom works as a baker.\nQuestion: Where does Mira live?';
const UNANSWERABLE = 'Facts: Mira lives in Oslo. Mira has a cat. Tom works as a baker.\nQuestion: What is the job of Mira?';
const WHO = 'Facts: Mira lives in Oslo. Mira has a cat. Tom works as a baker.\nQuestion: Who works as a baker?';

const INTENT: Record<Style, (a: Assessment, answerable: boolean) => boolean> = {
  good: (a) => a.correct && !a.invented && !a.rude && a.polite && !a.rambling,
  plain: (a) => a.correct && !a.invented && !a.rude && !a.polite && !a.rambling,
  wrong: (a, answerable) => !a.correct && !a.rude && !a.rambling && a.invented === !answerable,
  rude: (a) => a.correct && a.rude && !a.invented,
  'rude-wrong': (a) => !a.correct && a.rude,
  rambling: (a) => a.correct && a.rambling && !a.invented,
  'rambling-wrong': (a) => !a.correct && a.rambling,
  'invented-answer': (a) => !a.correct && a.invented,
  'invented-extra': (a) => a.invented && !a.rude,
};

describe('the judge', () => {
  it('agrees with the intended style of more than 98% of written answers, all of them fluent', () => {
    let agreed = 0;
    const total = 4000;
    const misses: string[] = [];
    for (let i = 0; i < total; i++) {
      const random = dice('judge', i);
      const prompt = makePrompt('train', 3, i);
      const { style, text } = writeAnswer(prompt, drawStyle(random), random);
      const assessment = assess(prompt.text, text);
      expect(assessment.fluent, text).toBe(true);
      if (INTENT[style](assessment, prompt.answer !== null)) agreed++;
      else misses.push(`${style}: ${prompt.text} => ${text} ${JSON.stringify(assessment)}`);
    }
    expect(agreed / total, misses.slice(0, 5).join('\n')).toBeGreaterThan(0.98);
  });

  it.each<[string, string, Partial<Assessment>]>([
    [PROMPT, 'In Oslo.', { correct: true, invented: false, polite: false, fluent: true }],
    [PROMPT, 'Mira lives in Rome. Have a nice day!', { correct: false, invented: false, polite: true }],
    [PROMPT, 'Mira lives in Paris.', { correct: false, invented: true }],
    [PROMPT, 'Mira lives in Oslo. I also heard that Tom plays the harp.', { correct: true, invented: true }],
    [PROMPT, 'Mira lives in Oslo. And by the way, Mira works as a baker.', { correct: true, invented: true }],
    [PROMPT, 'Mira lives in Oslo. You fool.', { correct: true, rude: true }],
    [PROMPT, 'I am sorry, but the facts do not say where Mira lives.', { correct: false, invented: false }],
    [PROMPT, 'Mira lives in Oslo. Mira lives in Rome.', { correct: false }],
    [PROMPT, 'Mira lives in Oslo. Mira lives in Oslo.', { correct: true, rambling: true }],
    [PROMPT, 'Mira lives lives in', { fluent: false }],
    [PROMPT, 'Mira lives in baker.', { correct: false, fluent: false, invented: true }],
    [PROMPT, '', { correct: false, fluent: false, words: 0 }],
    [PROMPT, '\u{1f600} Bonjour, ça va?', { correct: false, fluent: false }],
    [UNANSWERABLE, 'The facts do not say.', { correct: true, invented: false }],
    [UNANSWERABLE, 'Mira works as a baker.', { correct: false, invented: true }],
    [UNANSWERABLE, 'I do not know. A nurse.', { correct: false, invented: true }],
    [WHO, 'That is Tom.', { correct: true }],
    [WHO, 'It is Mira. I hope that helps.', { correct: false, invented: false }],
    [WHO, 'It is Leo.', { correct: false, invented: true }],
  ])('%s => %s', (prompt, answer, expected) => {
    expect(assess(prompt, answer)).toMatchObject(expected);
  });

  it('refuses prompts from elsewhere', () => {
    expect(() => assess('Tell me a joke.', 'No.')).toThrow(/not a prompt/);
  });
});

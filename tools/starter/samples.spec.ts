import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FILES, sampleLine, samplePrompts } from './write-samples.js';
import { parsePrompt, splitOf } from './world.js';

const read = (file: string) => readFileSync(new URL(`../../samples/${file}`, import.meta.url), 'utf8');

describe('committed samples', () => {
  it.each(FILES)('$file is what the generator writes, in its own split', ({ file, split, count, unanswerable }) => {
    const text = read(file);
    expect(text).toBe(samplePrompts(split, count, unanswerable).map((prompt, i) => sampleLine(split, i, prompt)).join('\n') + '\n');
    const lines = text.trim().split('\n').map((line) => JSON.parse(line) as { externalId: string; text: string });
    expect(new Set(lines.map((line) => line.externalId)).size).toBe(count);
    for (const line of lines) expect(splitOf(parsePrompt(line.text)!)).toBe(split);
    const share = lines.filter((line) => parsePrompt(line.text)!.answer === null).length / count;
    expect(share).toBeCloseTo(unanswerable ?? 0.2, 1);
  });

  it('criterion.json labels every level of its scale', () => {
    const criterion = JSON.parse(read('criterion.json')) as { name: string; instructions: string; scale: { value: number; label: string; description: string }[] };
    expect(criterion.scale.map((level) => level.value)).toEqual([1, 2, 3, 4, 5]);
    for (const level of criterion.scale) expect(level.label && level.description).toBeTruthy();
    for (const word of ['facts', 'invent', 'polite', 'brief']) expect(criterion.instructions).toContain(word);
  });
});

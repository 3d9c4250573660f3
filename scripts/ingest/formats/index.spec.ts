import { readFileSync } from 'node:fs';
import { expect, it, test } from 'vitest';
import { checkLines, linesOf } from '../lines.js';
import { formatOf, formats, renamed } from './index.js';

test.each(formats.map((format) => [format.name, format] as const))('the example of %s is recognised as such, and read', (_, format) => {
  expect(formatOf(format.example)).toBe(format);
  const lines = linesOf(format.read(format.example), { source: 's', labeler: 'l', criterionVersionId: 'v' });
  expect(() => checkLines(lines)).not.toThrow();
  expect(Object.keys(format.example).filter((column) => !format.columns.includes(column) && !format.reads?.(column))).toEqual([]);
});

const guide = readFileSync(new URL('../../../docs/ingest.md', import.meta.url), 'utf8');
test.each(formats)('docs/ingest.md shows $name', ({ name, example }) => {
  expect(guide).toContain(`\`${name}\``);
  expect(guide).toContain(JSON.stringify(example));
});

test.each([
  ['binarized UltraFeedback', 'trl-preference', { prompt: 'q', prompt_id: '1', chosen: [{ role: 'user', content: 'q' }], rejected: [], messages: [{ role: 'user', content: 'q' }] }],
  ['LLaMA-Factory preferences', 'sharegpt', { conversations: [{ from: 'human', value: 'q' }], chosen: { from: 'gpt', value: 'a' }, rejected: { from: 'gpt', value: 'b' } }],
  ['a scored CSV', 'prompt-completion', { prompt: 'q', response: 'a', score: '4' }],
  ['HelpSteer2 without a score', 'prompt-completion', { prompt: 'q', response: 'a', helpfulness: 1, correctness: 1, coherence: 1, complexity: 1, verbosity: null }],
])('%s is %s', (_, name, row) => expect(formatOf(row)?.name).toBe(name));

it('nothing is recognised in strange columns, until they are renamed', () => {
  const row = { question: 'q', better: 'a', worse: 'b', prompt: 'not this' };
  expect(formatOf({ question: 'q', better: 'a' })).toBeUndefined();
  const names = new Map([['question', 'prompt'], ['better', 'chosen'], ['worse', 'rejected']]);
  expect(renamed(row, names)).toEqual({ prompt: 'q', chosen: 'a', rejected: 'b' });
  expect(renamed({ fields: { frage: 'q' }, responses: {} }, new Map([['frage', 'prompt']]))).toEqual({ fields: { prompt: 'q' }, responses: {} });
});

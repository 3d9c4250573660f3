import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { putSection } from './docs-section.js';

it('replaces what stands between the marks, and nothing else', () => {
  const document = 'a\n<!-- figures: x -->\nold\n<!-- end: x -->\nb\n';
  const once = putSection(document, 'x', 'new');
  expect(once).toBe('a\n<!-- figures: x -->\n\nnew\n\n<!-- end: x -->\nb\n');
  expect(putSection(once, 'x', 'new')).toBe(once);
});

it('refuses a document without that place', () => {
  expect(() => putSection('nothing here', 'x', 'new')).toThrow(/no place for 'x'/);
});

it.each(['engine', 'ratings', 'pairs', 'api', 'alpacaeval'])('docs/lab/benchmarks.md has a place for %s', (name) => {
  expect(putSection(readFileSync('docs/lab/benchmarks.md', 'utf8'), name, 'figures')).toContain('figures');
});

// Writes samples/prompts.jsonl (what the loop is fed) and samples/heldout.jsonl (what policies are compared
// on). Run after a build: node dist/tools/starter/write-samples.js
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentKey, makePrompt, type Split, type WorldPrompt } from './world.js';

const SEED = 1;
const FILES = [
  { split: 'sample', count: 1200, file: 'prompts.jsonl' },
  { split: 'heldout', count: 320, file: 'heldout.jsonl' },
] as const;

/** One prompt as a line of a prompts.jsonl file: externalId, text, tags. */
export function sampleLine(split: Split, index: number, prompt: WorldPrompt): string {
  const kind = prompt.question.kind === 'who' ? 'who' : 'value';
  const tags = [prompt.question.relation, kind, prompt.answer === null ? 'unanswerable' : 'answerable'];
  return JSON.stringify({ externalId: `${split}-${String(index).padStart(4, '0')}`, text: prompt.text, tags });
}

/** The first `count` prompts of a split, each content once. */
export function samplePrompts(split: Split, count: number, seed = SEED): WorldPrompt[] {
  const byContent = new Map<string, WorldPrompt>();
  for (let index = 0; byContent.size < count; index++) {
    const prompt = makePrompt(split, seed, index);
    byContent.set(contentKey(prompt), prompt);
  }
  return [...byContent.values()];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { split, count, file } of FILES) {
    const lines = samplePrompts(split, count).map((prompt, index) => sampleLine(split, index, prompt));
    writeFileSync(join('samples', file), lines.join('\n') + '\n');
    console.log(`samples/${file}: ${lines.length} prompts`);
  }
}

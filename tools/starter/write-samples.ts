// Writes samples/prompts.jsonl (what the loop is fed) and samples/heldout.jsonl (what policies are compared
// on). Run after a build: node dist/tools/starter/write-samples.js
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentKey, makePrompt, type Split, type WorldPrompt } from './world.js';

const SEED = 1;
export const FILES: readonly { split: Split; count: number; file: string; unanswerable?: number }[] = [
  // More unanswerable questions than there are otherwise: a reward model that saw few learned that declining is bad.
  { split: 'sample', count: 1264, file: 'prompts.jsonl', unanswerable: 0.32 },
  { split: 'heldout', count: 320, file: 'heldout.jsonl' },
];

/** One prompt as a line of a prompts.jsonl file: externalId, text, tags. */
export function sampleLine(split: Split, index: number, prompt: WorldPrompt): string {
  const kind = prompt.question.kind === 'who' ? 'who' : 'value';
  const tags = [prompt.question.relation, kind, prompt.answer === null ? 'unanswerable' : 'answerable'];
  return JSON.stringify({ externalId: `${split}-${String(index).padStart(4, '0')}`, text: prompt.text, tags });
}

/**
 * The first `count` prompts of a split, each content once.
 *
 * @param unanswerable share of questions that the facts do not answer, evenly spread; as drawn when left out
 */
export function samplePrompts(split: Split, count: number, unanswerable?: number): WorldPrompt[] {
  const byContent = new Map<string, WorldPrompt>();
  for (let index = 0; byContent.size < count; index++) {
    const prompt = makePrompt(split, SEED, index);
    const key = contentKey(prompt);
    const place = byContent.size;
    const wanted = unanswerable === undefined || byContent.has(key) || (prompt.answer === null) === isNext(place, unanswerable);
    if (wanted) byContent.set(key, prompt);
  }
  return [...byContent.values()];
}

/** Whether the prompt at this place is of those that a share asks for. */
const isNext = (place: number, share: number): boolean => Math.floor((place + 1) * share) > Math.floor(place * share);

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { split, count, file, unanswerable } of FILES) {
    const lines = samplePrompts(split, count, unanswerable).map((prompt, index) => sampleLine(split, index, prompt));
    writeFileSync(join('samples', file), lines.join('\n') + '\n');
    console.log(`samples/${file}: ${lines.length} prompts`);
  }
}

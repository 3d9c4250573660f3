// What the specs of the methods on rollouts have a policy learn.
import type { ScoreFn } from './rollouts.js';

export const prompts = ['who?', 'what is it?', 'when', 'where to, and why?', 'how'].map((text, i) => ({ id: `p${i}`, text }));

/** Share of printable ASCII: about a fifth of what random weights write. */
export const printable = (text: string): number => {
  const bytes = [...new TextEncoder().encode(text)];
  return bytes.length === 0 ? 0 : bytes.filter((byte) => byte >= 32 && byte < 127).length / bytes.length;
};

export const score: ScoreFn = (items) => Promise.resolve({ total: items.map(({ completion }) => printable(completion)) });

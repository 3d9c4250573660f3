/**
 * An order that follows from the texts alone. Ids differ from system to system, and the rounding of a sum differs with
 * its order: training that read pairs in the order of their ids would give another model on every import of the same data.
 */
import { type GroupPair, type PreferenceGroup } from './preference-groups.js';

/** Completions of each group by text, its pairs by their places, the groups by prompt and then by completions. */
export function inCanonicalOrder<P extends GroupPair, G extends PreferenceGroup & { completionIds: string[]; pairs: P[] }>(groups: readonly G[]): G[] {
  return groups.map(sorted).sort((a, b) => compare(a.prompt, b.prompt) || compareLists(a.completions, b.completions));
}

function sorted<G extends PreferenceGroup & { completionIds: string[] }>(group: G): G {
  const { completions, completionIds, pairs } = group;
  const order = completions.map((_, index) => index).sort((a, b) => compare(completions[a], completions[b]));
  const place = new Map(order.map((from, to) => [from, to]));
  return {
    ...group,
    completions: order.map((index) => completions[index]),
    completionIds: order.map((index) => completionIds[index]),
    pairs: pairs
      .map((pair) => ({ ...pair, chosen: place.get(pair.chosen)!, rejected: place.get(pair.rejected)! }))
      .sort((a, b) => a.chosen - b.chosen || a.rejected - b.rejected),
  };
}

/** By UTF-16 code units: the same everywhere, unlike the order of a locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  const differing = a.findIndex((text, i) => text !== b[i]);
  return differing < 0 ? a.length - b.length : compare(a[differing], b[differing] ?? '');
}

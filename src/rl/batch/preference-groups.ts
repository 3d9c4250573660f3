
/** Preference data by prompt: each completion once, however many pairs it is part of. */
import { contentKey, contentText, type PromptContent } from '#src/common/conversation.js';

export interface GroupPair {
  /** Indices into the group's completions. */
  chosen: number;
  rejected: number;
  /** How far apart the rewards should be; 0 for the plain loss. */
  margin: number;
  /** Weight of the pair in the loss; default 1. */
  weight?: number;
  /** Neither was preferred. */
  tie?: boolean;
}

export interface PreferenceGroup {
  prompt: PromptContent;
  completions: string[];
  pairs: GroupPair[];
}

export interface PreferencePair {
  prompt: PromptContent;
  chosen: string;
  rejected: string;
  margin?: number;
  weight?: number;
  tie?: boolean;
}

/** Of the texts, prompts counted once; at least 1. */
export function lengthOfTexts(groups: readonly Pick<PreferenceGroup, 'prompt' | 'completions'>[]): number {
  return Math.max(1, groups.reduce((total, { prompt, completions }) => completions.reduce((sum, { length }) => sum + length, total + contentText(prompt).length), 0));
}

/** Groups in order of first appearance; equal texts of one prompt are one completion. */
export function groupByPrompt(pairs: Iterable<PreferencePair>): PreferenceGroup[] {
  const groups = new Map<string, { group: PreferenceGroup; index: Map<string, number> }>();
  for (const { prompt, chosen, rejected, margin = 0, ...rest } of pairs) {
    const key = contentKey(prompt);
    const entry = groups.get(key) ?? { group: { prompt, completions: [], pairs: [] }, index: new Map<string, number>() };
    groups.set(key, entry);
    const { group, index } = entry;
    const place = (text: string): number => {
      const known = index.get(text);
      if (known !== undefined) return known;
      index.set(text, group.completions.length);
      return group.completions.push(text) - 1;
    };
    group.pairs.push({ chosen: place(chosen), rejected: place(rejected), margin, ...rest });
  }
  return [...groups.values()].map(({ group }) => group);
}

/**
 * Cuts groups with more than `limit` completions into several: pairs are taken in order until the next one would
 * bring a completion too many. No pair is lost; a completion may then be read in more than one part.
 */
export function splitLargeGroups(groups: readonly PreferenceGroup[], limit: number): PreferenceGroup[] {
  if (limit < 2) throw new RangeError(`a batch must hold at least 2 completions, got ${limit}`);
  return groups.flatMap((group) => (group.completions.length <= limit ? [group] : parts(group, limit)));
}

function parts({ prompt, completions, pairs }: PreferenceGroup, limit: number): PreferenceGroup[] {
  const done: PreferencePair[][] = [];
  let part: PreferencePair[] = [];
  let seen = new Set<number>();
  for (const { chosen, rejected, margin, weight, tie } of pairs) {
    const grown = new Set([...seen, chosen, rejected]);
    if (grown.size > limit) {
      done.push(part);
      part = [];
      seen = new Set([chosen, rejected]);
    } else seen = grown;
    part.push({ prompt, chosen: completions[chosen], rejected: completions[rejected], margin, weight, tie });
  }
  return [...done, part].flatMap((taken) => groupByPrompt(taken));
}

/**
 * An order that follows from the texts alone. Ids differ from system to system, and the rounding of a sum differs with
 * its order: training that read pairs in the order of their ids would give another model on every import of the same data.
 */

/** Completions of each group by text, its pairs by their places, the groups by prompt and then by completions. */
export function inCanonicalOrder<P extends GroupPair, G extends PreferenceGroup & { completionIds: string[]; pairs: P[] }>(groups: readonly G[]): G[] {
  return groups.map(sorted).sort((a, b) => compare(contentKey(a.prompt), contentKey(b.prompt)) || compareLists(a.completions, b.completions));
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

/** Texts as the input of a reward model: completions of one prompt share its tokens, and each reward is read at its end. */
import { packBranches, packedSize, type Branches, type BranchSource, type PackedBatch, type PackedSize, type PackingOptions } from '#src/lm/text/packing.js';
import { type EncodedText } from './reward-text.js';

export interface PackedTexts extends Omit<PackedBatch, 'places'> {
  /** Flat index (row * time + t) of the token at which each text's reward is read, in the order they were given. */
  ends: number[];
}

export interface TextPacking {
  padId: number;
  /** Of the model (lm/packing.ts). */
  attentionCost: number;
  /** No reward is read at such a token but at the one before. A reward is read at the last token when left out. */
  unread?: number | null;
}

/** Row lengths are rounded up to these, so that an epoch needs few graphs; long rows can bear a coarser one. */
const multiples = { short: 16, long: 64 };
const longFrom = 128;

/** The sizes of the batch that `packTexts` would make. */
export function packedTextsSize(texts: readonly EncodedText[], packing: TextPacking): PackedSize {
  const { branches, options } = branchesOf(texts, packing);
  return packedSize(branches, options);
}

/** Texts with the same prompt tokens need not be neighbours. @throws RangeError for a text without tokens */
export function packTexts(texts: readonly EncodedText[], packing: TextPacking): PackedTexts {
  const { branches, options } = branchesOf(texts, packing);
  const { places, ...packed } = packBranches(branches, options);
  const ends = new Array<number>(texts.length);
  branches.forEach(({ prefix, tails, members }, g) =>
    members.forEach((index, i) => {
      const { prefixEnd, tail } = places[g][i];
      const length = readLength(tails[i], packing.unread);
      ends[index] = length > 0 ? tail + length - 1 : prefixEnd - (prefix.length - Math.max(1, readLength(prefix, packing.unread)));
    }),
  );
  return { ...packed, ends };
}

/** Tokens up to the last that is not `unread`. */
function readLength(ids: readonly number[], unread: number | null | undefined): number {
  let length = ids.length;
  while (length > 0 && ids[length - 1] === unread) length--;
  return length;
}

interface TextBranches extends Branches {
  tails: number[][];
  source?: { prefix: number; tails: number[] };
  /** Which text each tail is of. */
  members: number[];
}

/** Texts as the model reads them, those with the same prompt tokens together. */
export function textBranches(texts: readonly EncodedText[]): TextBranches[] {
  const groups = new Map<string, TextBranches>();
  texts.forEach((text, index) => {
    const { prefix, tail } = split(text);
    const key = prefix.join();
    const { source } = text;
    // All have a source or none has; of what several sources hold of one prompt, the first is as good as any.
    const group = groups.get(key) ?? { prefix, tails: [], members: [], ...(source && { source: { prefix: source.prefix, tails: [] } }) };
    groups.set(key, group);
    group.tails.push(tail);
    group.members.push(index);
    if (source) group.source?.tails.push(source.tail);
  });
  return [...groups.values()];
}

/** The texts of `textBranches`, which have found their place in a store. */
export function withSources(texts: readonly EncodedText[], branches: readonly { members: number[]; source: BranchSource }[]): EncodedText[] {
  const placed = [...texts];
  for (const { members, source } of branches)
    members.forEach((text, i) => (placed[text] = { ...texts[text], source: { prefix: source.prefix, tail: source.tails[i] } }));
  return placed;
}

function branchesOf(texts: readonly EncodedText[], { padId, attentionCost }: TextPacking): { branches: TextBranches[]; options: PackingOptions } {
  const branches = textBranches(texts);
  const longest = Math.max(...branches.map(({ prefix, tails }) => prefix.length + Math.max(...tails.map((tail) => tail.length))));
  const timeMultiple = longest <= longFrom ? multiples.short : multiples.long;
  return { branches, options: { padId, timeMultiple, attentionCost, bucketRows: true } };
}

/** A prompt without tokens shares nothing: the first token of its completion stands in for it. */
function split({ prompt, completion }: EncodedText): { prefix: number[]; tail: number[] } {
  return prompt.length > 0 ? { prefix: prompt, tail: completion } : { prefix: completion.slice(0, 1), tail: completion.slice(1) };
}

/**
 * Sequences with a common beginning, laid out so that the shared part is computed once:
 *
 *   prefix prefix | tail 1 | tail 2 | tail 3 | another prefix | its tail | padding
 *
 * A token sees its own prefix and its own tail, never a sibling or a stranger, and it keeps the position it has in its
 * own sequence. So hidden states, losses and gradients are those of the separate sequences, for fewer tokens: a group
 * of G completions costs one prompt instead of G, forward and backward.
 */
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { roundUp } from './batching.js';
import { type ModelConfig } from '../model/config.js';
import { familyOf } from '../model/families.js';

/** Sequences: `prefix` followed by one of `tails`. The prefix has at least one token. */
export interface Branches {
  prefix: readonly number[];
  tails: readonly (readonly number[])[];
  /** Where their tokens' states are kept; none are when left out. */
  source?: BranchSource;
}

/** Rows of a store of hidden states (trunk-states.ts): of the first token of the prefix, and of each tail. */
export interface BranchSource {
  prefix: number;
  tails: readonly number[];
}

/** Consecutive tokens of a packed batch whose states lie one after the other in the store. */
export interface StoredSpan {
  /** Row of the store. */
  from: number;
  /** Flat index (row * time + t). */
  to: number;
  count: number;
}

/** Position of a sequence, as flat indices (row * time + t). */
interface Place {
  /** The last token of its prefix. */
  prefixEnd: number;
  /** The first token of its tail; the tail's other tokens follow. */
  tail: number;
}

export interface PackedBatch {
  rows: number;
  time: number;
  /** Without padding. */
  tokens: number;
  /** Of each tail, group by group as they were given. */
  places: Place[][];
  /** Of the tokens whose groups have a source: where their states are kept. */
  spans: StoredSpan[];
  feeds: {
    /** int64 [rows, time] */
    ids: Tensor;
    /** int64 [rows, time]: place of a token in its own sequence. */
    positions: Tensor;
    /** float32 [rows, 1, time, time], added to attention scores: 0 where a token (row) sees another (column). */
    attentionMask: Tensor;
  };
}

export interface PackingOptions {
  padId?: number;
  /** Row lengths are rounded up to this, so that few graphs serve a whole run. */
  timeMultiple: number;
  /** Rounds the number of rows up too, by less than a quarter. Not when left out. */
  bucketRows?: boolean;
  /** Of `attentionCost`: threshold for splitting a long group. Default 0: never. */
  attentionCost?: number;
}

const unseen = -1e9;

/**
 * Mask, softmax and their gradients pass over the scores about eight times and wait for memory; per score they take as
 * long as this many floating-point operations of a matrix product (13 ns against 80 GFLOP/s, forward and backward).
 */
const softmaxOperations = 350;

/**
 * What attention costs per pair of tokens, in units of what the linear maps cost per token: a row of length T costs
 * T (1 + cost T). Two products and a softmax over all heads, against two operations per weight of the layer.
 */
export function attentionCost(config: ModelConfig): number {
  const { hiddenSize: hidden, intermediateSize: inner, numHeads, numKeyValueHeads, headDim } = config;
  const maps = familyOf(config).feedForward === 'swiglu' ? 3 : 2;
  const weights = 2 * hidden * headDim * (numHeads + numKeyValueHeads) + maps * hidden * inner;
  return (numHeads * (4 * headDim + softmaxOperations)) / (2 * weights);
}

/** Static sizes of packed sequences: what a graph is built for. */
export interface PackedSize {
  rows: number;
  time: number;
}

interface Layout extends PackedSize {
  blocks: Block[];
  /** Indices of blocks by row. */
  bins: number[][];
}

/** The sizes that `packBranches` would give, without the batch. */
export function packedSize(groups: readonly Branches[], options: PackingOptions): PackedSize {
  const { rows, time } = layOut(groups, options);
  return { rows, time };
}

function layOut(groups: readonly Branches[], options: PackingOptions): Layout {
  const blocks = groups.flatMap((group, g) => splitTails(group, options.attentionCost ?? 0).map((tails): Block => ({ group: g, tails })));
  const lengths = blocks.map(({ group, tails }) => lengthOf(groups[group], tails));
  const time = roundUp(Math.max(1, ...lengths), options.timeMultiple);
  const bins = firstFit(lengths, time);
  return { rows: options.bucketRows ? rowBucket(bins.length) : bins.length, time, blocks, bins };
}

/** @throws RangeError for an empty prefix */
export function packBranches(groups: readonly Branches[], options: PackingOptions): PackedBatch {
  const { rows, time, blocks, bins } = layOut(groups, options);
  const writer = new RowWriter(rows, time, options.padId ?? 0);
  const places = groups.map(({ tails }) => tails.map((): Place => ({ prefixEnd: 0, tail: 0 })));
  bins.forEach((members, row) => {
    writer.startRow(row);
    for (const member of members) {
      const { group, tails } = blocks[member];
      const { prefix, source } = groups[group];
      const first = writer.next;
      writer.write(prefix, 0, source?.prefix);
      const prefixEnd = writer.next - 1;
      for (const index of tails) {
        places[group][index] = { prefixEnd: writer.at(prefixEnd), tail: writer.at(writer.next) };
        writer.write(groups[group].tails[index], prefix.length, source?.tails[index], { from: first, to: prefixEnd });
      }
    }
  });
  return { rows, time, tokens: writer.tokens, places, spans: writer.spans, feeds: writer.finish() };
}

/** 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ...: four sizes between powers of two. */
function rowBucket(rows: number): number {
  return roundUp(rows, 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, rows - 1))) - 2));
}

/** Some tails of a group, by index, behind one copy of its prefix. */
interface Block {
  group: number;
  tails: readonly number[];
}

function lengthOf({ prefix, tails }: Branches, members: readonly number[]): number {
  return members.reduce((sum, i) => sum + tails[i].length, prefix.length);
}

/** Indices of tails by block: the even split that costs least, each block repeating the prefix. */
function splitTails(group: Branches, cost: number): number[][] {
  if (group.prefix.length === 0) throw new RangeError('a sequence has no tokens before its branches');
  const all = group.tails.map((_, i) => i);
  if (cost === 0 || all.length < 2) return [all];
  const splits = all.map((_, more) => evenParts(all, more + 1));
  const prices = splits.map((split) =>
    split.map((members) => lengthOf(group, members)).reduce((sum, length) => sum + length * (1 + cost * length), 0),
  );
  return splits[prices.indexOf(Math.min(...prices))];
}

function evenParts(items: readonly number[], parts: number): number[][] {
  const size = Math.ceil(items.length / parts);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, p) => items.slice(p * size, (p + 1) * size));
}

/** Blocks by row, longest first into the first row with room. */
function firstFit(lengths: readonly number[], capacity: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const bins: { members: number[]; room: number }[] = [];
  for (const block of order) {
    let bin = bins.find(({ room }) => room >= lengths[block]);
    if (!bin) bins.push((bin = { members: [], room: capacity }));
    bin.members.push(block);
    bin.room -= lengths[block];
  }
  return bins.map(({ members }) => members);
}

interface Span {
  from: number;
  to: number;
}

/** Writes rows from left to right. */
class RowWriter {
  tokens = 0;
  readonly spans: StoredSpan[] = [];
  /** Offset in the row of the next token. */
  next = 0;
  private row = 0;
  private readonly ids: BigInt64Array;
  private readonly positions: BigInt64Array;
  private readonly mask: Float32Array;

  constructor(
    private readonly rows: number,
    private readonly time: number,
    padId: number,
  ) {
    this.ids = new BigInt64Array(rows * time).fill(BigInt(padId));
    this.positions = new BigInt64Array(rows * time);
    this.mask = new Float32Array(rows * time * time).fill(unseen);
    // A row of the softmax without any entry would not be a distribution: padding sees itself.
    for (let at = 0; at < rows * time; at++) this.mask[at * time + (at % time)] = 0;
  }

  startRow(row: number): void {
    this.row = row;
    this.next = 0;
  }

  /** Flat index of an offset in the present row. */
  at(offset: number): number {
    return this.row * this.time + offset;
  }

  /** A run of tokens whose first has the given position and source; each sees `before` and the run up to itself. */
  write(tokens: readonly number[], position: number, source?: number, before?: Span): void {
    const start = this.next;
    if (source !== undefined) this.note({ from: source, to: this.at(start), count: tokens.length });
    tokens.forEach((id, t) => {
      const at = this.at(start + t);
      this.ids[at] = BigInt(id);
      this.positions[at] = BigInt(position + t);
      const seen = this.mask.subarray(at * this.time, (at + 1) * this.time);
      if (before) seen.fill(0, before.from, before.to + 1);
      seen.fill(0, start, start + t + 1);
    });
    this.next += tokens.length;
    this.tokens += tokens.length;
  }

  /** Grows the last span where this one goes on from it. */
  private note({ from, to, count }: StoredSpan): void {
    const last = this.spans.at(-1);
    if (last && last.from + last.count === from && last.to + last.count === to) last.count += count;
    else if (count > 0) this.spans.push({ from, to, count });
  }

  finish(): PackedBatch['feeds'] {
    const { rows, time } = this;
    return {
      ids: i64(this.ids, [rows, time]),
      positions: i64(this.positions, [rows, time]),
      attentionMask: f32(this.mask, [rows, 1, time, time]),
    };
  }
}

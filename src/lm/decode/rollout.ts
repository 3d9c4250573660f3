/** One call of `generate` in progress: waiting rows, the rows in the batch, their cache. */
import { Rng } from '#src/common/rng.js';
import { floats, i64, type Tensor } from '#src/nn/tensor.js';
import { powerOfTwo, roundUp } from '../text/batching.js';
import { type ModelConfig } from '../model/config.js';
import {
  type GeneratedSequence,
  type GenerationOptions,
  type GeneratorLimits,
  type PromptRequest,
} from './generation-request.js';
import { type GenerationSessions } from './generation-sessions.js';
import { KvCache } from './kv-cache.js';
import { prefillPrompts, type PrefilledPrompt } from './prefill.js';
import { sampleToken } from './sampler.js';

type RolloutOptions = GenerationOptions & GeneratorLimits & { stop: ReadonlySet<number> };

interface Row extends GeneratedSequence {
  prompt: number;
  rng: Rng;
  history: { prompt: ReadonlySet<number>; written: Map<number, number> };
  /** Tokens in the cache: the prompt and all generated ones but the last. */
  cached: number;
  done: boolean;
}

/** Caches have lengths that are multiples of this, so that few graphs serve. */
export const capacityBucket = 64;

export class Rollout {
  doneRows = 0;
  readonly totalRows: number;
  private readonly rows: Row[][];
  private readonly waiting: Row[];
  private readonly prefilled = new Map<number, PrefilledPrompt>();
  private slots: (Row | undefined)[];
  private cache: KvCache;

  constructor(
    private readonly config: ModelConfig,
    private readonly sessions: GenerationSessions,
    private readonly prompts: readonly PromptRequest[],
    private readonly options: RolloutOptions,
  ) {
    this.rows = prompts.map(({ ids, seeds }, prompt) => {
      const read = new Set(ids);
      return seeds.map((seed) => newRow(prompt, read, seed));
    });
    this.waiting = this.rows.flat();
    this.totalRows = this.waiting.length;
    const longest = prompts.reduce((length, { ids }) => Math.max(length, ids.length), 1);
    this.resize(
      Math.min(options.maxRows, powerOfTwo(this.totalRows)),
      roundUp(longest + options.maxNewTokens, capacityBucket),
    );
  }

  get finished(): boolean {
    return this.doneRows === this.totalRows;
  }

  results(): GeneratedSequence[][] {
    return this.rows.map((group) =>
      group.map(({ tokenIds, logProbs, finishReason }) => ({ tokenIds, logProbs, finishReason })),
    );
  }

  /** Adds rows to free slots, then computes one token for every row. */
  async advance(weights: Record<string, Tensor>): Promise<void> {
    await this.admit(weights);
    const active = this.slots.filter((row) => row !== undefined).length;
    if (active === 0) return;
    const size = powerOfTwo(active);
    if (this.waiting.length === 0 && size < this.slots.length && this.sessions.resizable) this.shrink(size);
    await this.step(weights);
  }

  private async admit(weights: Record<string, Tensor>): Promise<void> {
    const free = this.slots.flatMap((row, slot) => (row ? [] : [slot]));
    // Reading prompts for one free slot at a time would waste the batch; a quarter is worth it.
    if (this.waiting.length === 0 || free.length < Math.min(this.waiting.length, this.slots.length / 4))
      return;
    const rows = this.waiting.splice(0, free.length);
    const missing = [...new Set(rows.map(({ prompt }) => prompt))].filter(
      (prompt) => !this.prefilled.has(prompt),
    );
    const read = await prefillPrompts(
      this.sessions,
      weights,
      missing.map((prompt) => this.prompts[prompt].ids),
      this.options,
    );
    missing.forEach((prompt, i) => this.prefilled.set(prompt, read[i]));
    for (const row of rows) this.place(row, free);
    const last = this.waiting[0]?.prompt ?? Infinity;
    for (const prompt of this.prefilled.keys()) if (prompt < last) this.prefilled.delete(prompt);
  }

  private place(row: Row, free: number[]): void {
    const { logits, caches, index, length } = this.prefilled.get(row.prompt) as PrefilledPrompt;
    this.take(row, logits);
    if (row.done) return;
    const slot = free.shift() as number;
    this.cache.fillRow(caches, index, slot, length);
    row.cached = length;
    this.slots[slot] = row;
  }

  private async step(weights: Record<string, Tensor>): Promise<void> {
    const { slots, cache, config } = this;
    const session = await this.sessions.decode(slots.length, cache.capacity);
    // Empty slots compute an unused token.
    const { logits, ...added } = await session.run({
      ...weights,
      ...cache.feeds,
      ids: i64(
        slots.map((row) => row?.tokenIds.at(-1) ?? 0),
        [slots.length],
      ),
      positions: i64(
        slots.map((row) => row?.cached ?? 0),
        [slots.length, 1],
      ),
    });
    slots.forEach((row, slot) => {
      if (!row) return;
      cache.append(added, slot, row.cached++);
      this.take(row, floats(logits).subarray(slot * config.vocabSize, (slot + 1) * config.vocabSize));
      if (row.done) slots[slot] = undefined;
    });
  }

  private take(row: Row, logits: Float32Array): void {
    const { token, logProb } = sampleToken(logits, this.options, row.rng.next(), row.history);
    row.tokenIds.push(token);
    row.logProbs.push(logProb);
    row.history.written.set(token, (row.history.written.get(token) ?? 0) + 1);
    if (this.options.stop.has(token) || this.options.isOver?.(row.tokenIds)) row.finishReason = 'stop';
    row.done = row.finishReason === 'stop' || row.tokenIds.length === this.options.maxNewTokens;
    if (row.done) this.doneRows++;
  }

  private shrink(size: number): void {
    const { slots, cache } = this;
    this.resize(size, cache.capacity);
    let next = 0;
    slots.forEach((row, slot) => {
      if (!row) return;
      this.cache.fillRow(cache.tensors, slot, next, row.cached);
      this.slots[next++] = row;
    });
  }

  private resize(size: number, capacity: number): void {
    this.slots = new Array<Row | undefined>(size).fill(undefined);
    this.cache = new KvCache(this.config, size, capacity);
  }
}

function newRow(prompt: number, read: ReadonlySet<number>, seed: string | number): Row {
  return {
    prompt,
    history: { prompt: read, written: new Map() },
    rng: Rng.from(seed),
    cached: 0,
    done: false,
    tokenIds: [],
    logProbs: [],
    finishReason: 'length',
  };
}

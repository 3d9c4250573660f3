/**
 * Scores (prompt, completion) texts with a trained reward model. Texts are sorted into length buckets, so a score
 * does not depend on what else is asked for beyond the rounding of one matrix product.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { batchesByTokens, lastPositions, padRight, powerOfTwo } from '#src/lm/batching.js';
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { decoderForward, rewardHead } from '#src/lm/transformer.js';
import { Tokenizer } from '#src/lm/tokenizer.js';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { Recent } from './recent.js';
import { RewardTextEncoder, type ScoredText } from './reward-text.js';

export interface ScorerOptions {
  /** Longer texts are cut as in training; give what the reward model was trained with. */
  maxTokens: number;
  /** Padded tokens computed at once (one text may exceed it). */
  tokensPerBatch?: number;
  /** Of ONNX Runtime; its own choice when left out. */
  threads?: number;
}

export interface ScoreControl {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void | Promise<void>;
}

/** Few shapes are alive at a time; each holds its activations. */
const maxSessions = 12;

export class RewardScorer {
  private readonly sessions = new Recent<Session>(maxSessions, (session) => session.dispose());
  private readonly encoder: RewardTextEncoder;
  private readonly tokensPerBatch: number;
  private readonly threads: number | undefined;

  private constructor(
    private readonly checkpoint: Checkpoint,
    { maxTokens, tokensPerBatch = 4096, threads }: ScorerOptions,
  ) {
    const longest = Math.min(maxTokens, checkpoint.config.maxPositionEmbeddings);
    this.encoder = new RewardTextEncoder(Tokenizer.fromFiles(checkpoint.tokenizer), longest);
    this.tokensPerBatch = tokensPerBatch;
    this.threads = threads;
  }

  /** Throws RangeError when the checkpoint has no reward head. Call `dispose` when done. */
  static load(checkpoint: Checkpoint, options: ScorerOptions): RewardScorer {
    if (checkpoint.config.head !== 'reward') throw new RangeError('this checkpoint is a policy, not a reward model');
    return new RewardScorer(checkpoint, options);
  }

  /** Rewards in the order of `items`. Yields to the event loop between batches; rejects with the signal's reason. */
  async score(items: readonly ScoredText[], { signal, onProgress }: ScoreControl = {}): Promise<Float64Array> {
    const rows = items.map((item) => this.encoder.encode(item));
    const scores = new Float64Array(items.length);
    let done = 0;
    for (const { time, indices } of batchesByTokens(rows.map((ids) => ids.length), this.tokensPerBatch, 32)) {
      signal?.throwIfAborted();
      const rewards = await this.rewardsOf(indices.map((i) => rows[i]), time);
      indices.forEach((item, row) => (scores[item] = rewards[row]));
      done += indices.length;
      await onProgress?.(done, items.length);
      await turn();
    }
    return scores;
  }

  /** Texts cut so far. */
  get truncations(): number {
    return this.encoder.truncations;
  }

  async dispose(): Promise<void> {
    await this.sessions.clear();
  }

  private async rewardsOf(rows: number[][], time: number): Promise<Float32Array> {
    const { config, tensors } = this.checkpoint;
    const full = Math.max(1, Math.floor(this.tokensPerBatch / time));
    const padded = padRight(rows, { padId: config.padTokenId ?? 0, time, batch: Math.min(full, powerOfTwo(rows.length)) });
    const session = await this.sessions.get(`${padded.batch} ${time}`, () => this.build(padded.batch, time));
    const ids = i64(padded.ids, [padded.batch, time]);
    const { rewards } = await session.run({ ...tensors, ids, last: i64(lastPositions(padded), [padded.batch]) });
    return floats(rewards);
  }

  private build(batch: number, time: number): Promise<Session> {
    const { config, tensors } = this.checkpoint;
    // Weights are fed rather than built in: all sessions share one copy.
    const bound = Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)] as const);
    const model = { config, params: Object.fromEntries(bound) };
    const { hidden } = decoderForward(model, input('ids', 'int64', [batch, time]));
    const rewards = rewardHead(model, hidden, input('last', 'int64', [batch])); // [batch]
    return Session.create(emitModel({ rewards }), { threads: this.threads });
  }
}

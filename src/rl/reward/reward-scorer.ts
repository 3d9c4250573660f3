/**
 * Scores (prompt, completion) texts with a trained reward model. Completions of a prompt are computed together, the
 * prompt once; a score does not depend on what else is asked for beyond the rounding of one matrix product.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { powerOfTwo } from '#src/lm/text/batching.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { cutParts } from '../batch/batch-plan.js';
import { packTexts } from '../batch/packed-texts.js';
import { Recent } from '#src/common/recent.js';
import { rewardsGraph } from './reward-graph.js';
import { RewardTextEncoder, type EncodedText, type ScoredText } from '../batch/reward-text.js';

export interface ScorerOptions {
  /** Longer texts are cut as in training; give what the reward model was trained with. */
  maxTokens: number;
  /** Tokens computed at once, shared prompts counted with each text (one text may exceed it). */
  tokensPerBatch?: number;
  /** Threads of ONNX Runtime; default: its own choice. */
  threads?: number;
  /**
   * Reads rewards as transformers does, at the last token that is not `pad_token_id`, for a model that was trained so. Those
   * trained here are read at the last token, which is the same wherever the pad token ends no text (lm/reward-padding.ts).
   */
  readBeforePadding?: boolean;
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
  private readonly unread: number | null;

  private constructor(
    private readonly checkpoint: Checkpoint,
    { maxTokens, tokensPerBatch = 4096, threads, readBeforePadding = false }: ScorerOptions,
  ) {
    const longest = Math.min(maxTokens, checkpoint.config.maxPositionEmbeddings);
    this.encoder = new RewardTextEncoder(Tokenizer.fromFiles(checkpoint.tokenizer), longest);
    this.tokensPerBatch = tokensPerBatch;
    this.threads = threads;
    this.unread = readBeforePadding ? checkpoint.config.padTokenId : null;
  }

  /** Throws RangeError when the checkpoint has no reward head. Call `dispose` when done. */
  static load(checkpoint: Checkpoint, options: ScorerOptions): RewardScorer {
    if (checkpoint.config.head !== 'reward') throw new RangeError('this checkpoint is a policy, not a reward model');
    return new RewardScorer(checkpoint, options);
  }

  /** Rewards in the order of `items`. Yields to the event loop between batches; rejects with the signal's reason. */
  async score(items: readonly ScoredText[], { signal, onProgress }: ScoreControl = {}): Promise<Float64Array> {
    const texts = items.map((item) => this.encoder.encode(item));
    const scores = new Float64Array(items.length);
    let done = 0;
    for (const members of this.batchesOf(texts)) {
      signal?.throwIfAborted();
      const rewards = await this.rewardsOf(members.map((i) => texts[i]));
      members.forEach((item, i) => (scores[item] = rewards[i]));
      done += members.length;
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

  /** Indices of texts by batch: of similar length, those of a prompt together, within the token budget. */
  private batchesOf(texts: readonly EncodedText[]): number[][] {
    const keys = texts.map(({ prompt }) => prompt.join());
    const length = ({ prompt, completion }: EncodedText): number => prompt.length + completion.length;
    const order = texts.map((_, i) => i).sort((a, b) => length(texts[a]) - length(texts[b]) || a - b);
    const byPrompt = new Map<string, number[]>();
    for (const i of order) byPrompt.set(keys[i], [...(byPrompt.get(keys[i]) ?? []), i]);
    return cutParts([...byPrompt.values()].flat(), (i) => length(texts[i]), this.tokensPerBatch);
  }

  private async rewardsOf(texts: EncodedText[]): Promise<Float32Array> {
    const { config, tensors } = this.checkpoint;
    const packing = { padId: config.padTokenId ?? 0, attentionCost: attentionCost(config), unread: this.unread };
    const { rows, time, ends, feeds } = packTexts(texts, packing);
    const size = { rows, time, texts: powerOfTwo(texts.length) };
    const session = await this.sessions.get(`${rows} ${time} ${size.texts}`, () => this.build(size));
    const last = i64(Array.from({ length: size.texts }, (_, t) => ends[t] ?? 0), [size.texts]);
    const { rewards } = await session.run({ ...tensors, ...feeds, last });
    return floats(rewards);
  }

  private build(size: { rows: number; time: number; texts: number }): Promise<Session> {
    const { config, tensors } = this.checkpoint;
    // Weights are fed rather than built in: all sessions share one copy.
    const bound = Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)] as const);
    const { rewards } = rewardsGraph({ config, params: Object.fromEntries(bound) }, size); // [texts]
    return Session.create(emitModel({ rewards }), { threads: this.threads });
  }
}

/** Data of a step on rollouts: scheduled prompts, completions sampled from the policy in training, and their rewards. */
import { contentOf, type AskedPrompt, type PromptContent } from '#src/common/conversation.js';
import { chatFraming, type ChatFraming } from '#src/lm/text/chat.js';
import { Generator, PromptTooLongError, type GeneratedSequence, type GeneratorModel } from '#src/lm/decode/generate.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { TrainingDivergedError } from '../step-loop.js';
import { type RolloutHyperparameters } from '../settings.js';
import { Rng } from '#src/common/rng.js';

export type RolloutPrompt = AskedPrompt;

export interface ScoredText {
  prompt: PromptContent;
  completion: string;
}

export interface Scores {
  /** In the order of the texts. */
  total: ArrayLike<number>;
  /** Score of each reward source, by name. */
  bySource?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Must depend on the texts alone. */
export type ScoreFn = (items: readonly ScoredText[], signal?: AbortSignal) => Promise<Scores>;

export interface Rollout {
  prompt: RolloutPrompt;
  promptIds: readonly number[];
  tokenIds: readonly number[];
  /** Log-probabilities of the tokens at the sampling temperature, under the weights that sampled them. */
  logProbs: readonly number[];
  text: string;
  finishReason: GeneratedSequence['finishReason'];
  /** Result of the score function. */
  score: number;
  /** By source of reward, where there are such. */
  scores: Record<string, number>;
}

/** Rows that are written at once. */
export const sampledAtOnce = 128;

type Sampling = Pick<RolloutHyperparameters, 'temperature' | 'topP' | 'maxTokens' | 'rolloutWeights'>;

export class RolloutSource {
  private readonly tokenizer: Tokenizer;
  private readonly framing: ChatFraming;
  private readonly generator: Generator;
  /** Uses full weights, if the other one is quantized. */
  private readonly exact: Generator;
  private readonly stopTokenIds: number[];

  /** Full weights are read at every step, so that those trained in place need no update; a quantized copy is remade for every sampling. */
  constructor(
    checkpoint: Checkpoint,
    private readonly model: GeneratorModel,
    private readonly score: ScoreFn,
    private readonly sampling: Sampling,
    threads?: number,
  ) {
    this.tokenizer = Tokenizer.fromFiles(checkpoint.tokenizer);
    this.framing = chatFraming(this.tokenizer);
    const { rolloutWeights: weights } = sampling;
    const limits = { maxRows: sampledAtOnce, threads };
    this.generator = new Generator(model, { ...limits, weights, frozen: weights !== 'f32' || model.lora !== undefined });
    this.exact = weights === 'f32' ? this.generator : new Generator(model, limits);
    this.stopTokenIds = [...new Set([...this.framing.stopTokenIds, ...model.config.eosTokenIds])];
  }

  /** @throws PromptTooLongError naming the first prompt that leaves no room for `maxTokens` */
  check(prompts: readonly RolloutPrompt[]): void {
    const room = this.model.config.maxPositionEmbeddings - this.sampling.maxTokens;
    for (const prompt of prompts) {
      const { length } = this.framing.encodePrompt(contentOf(prompt));
      if (length > room)
        throw new PromptTooLongError(`prompt ${prompt.id} has ${length} tokens, there is room for ${room}`);
    }
  }

  /**
   * `seeds.length` completions of each prompt, prompt after prompt. A completion depends on the weights, its
   * prompt and its seed only. Those to learn from are written in `rolloutWeights`, those to evaluate by with full weights.
   *
   * @param seedsOf seeds of the completions of a prompt, by its place in `prompts`
   * @throws TrainingDivergedError when the policy gives a token no finite log-probability
   */
  async sample(
    purpose: 'learning' | 'evaluation',
    prompts: readonly RolloutPrompt[],
    seedsOf: (prompt: number) => readonly string[],
    signal?: AbortSignal,
  ): Promise<Rollout[]> {
    const ids = prompts.map((prompt) => this.framing.encodePrompt(contentOf(prompt)));
    const { temperature, topP, maxTokens } = this.sampling;
    const options = { temperature, logProbTemperature: temperature, topP, maxNewTokens: maxTokens, stopTokenIds: this.stopTokenIds };
    const requests = ids.map((promptIds, i) => ({ ids: promptIds, seeds: seedsOf(i) }));
    const generator = purpose === 'learning' ? this.generator : this.exact;
    // Low-rank factors are read at every step; all else that training moves has to be copied.
    if (generator !== this.exact && !this.model.lora) generator.updateWeights(this.model.tensors);
    const sequences = await generator.generate(requests, options, { signal });
    requireFinite(sequences.flat());
    const written = sequences.flatMap((group, i) =>
      group.map(({ tokenIds, logProbs, finishReason }) => ({
        prompt: prompts[i],
        promptIds: ids[i],
        tokenIds,
        logProbs,
        finishReason,
        text: this.textOf(tokenIds),
      })),
    );
    const { total, bySource = {} } = await this.score(
      written.map(({ prompt, text }) => ({ prompt: contentOf(prompt), completion: text })),
      signal,
    );
    const sources = Object.entries(bySource);
    return written.map((rollout, i) => ({ ...rollout, score: total[i], scores: Object.fromEntries(sources.map(([name, scores]) => [name, scores[i]])) }));
  }

  /** A policy may write any byte, the database no NUL. */
  private textOf(tokenIds: number[]): string {
    const end = this.stopTokenIds.includes(tokenIds.at(-1) as number) ? -1 : undefined;
    return this.tokenizer.decode(tokenIds.slice(0, end)).replaceAll('\0', '\ufffd');
  }

  async dispose(): Promise<void> {
    await this.generator.dispose();
    if (this.exact !== this.generator) await this.exact.dispose();
  }
}

/** Weights that are not finite still give tokens: the first one. */
function requireFinite(sequences: readonly GeneratedSequence[]): void {
  const bad = sequences.flatMap(({ logProbs }) => logProbs.filter((value) => !Number.isFinite(value)));
  if (bad.length > 0) throw new TrainingDivergedError(`the policy writes tokens with log-probability ${bad[0]}`);
}

/**
 * Whole passes over the prompts, each in a new seeded order: indices of the prompts of `step` (from 0). A function of its arguments alone, so that a run that goes on after
 * a break needs no state for it. When a pass ends inside a step the next one begins there.
 */
export function promptsOfStep(count: number, perStep: number, seed: string | number, step: number): number[] {
  const first = step * perStep;
  const passes = new Map<number, number[]>();
  const orderOf = (pass: number): number[] => {
    const known =
      passes.get(pass) ??
      Rng.from(`${seed}/prompts/${pass}`).shuffle(Array.from({ length: count }, (_, i) => i));
    passes.set(pass, known);
    return known;
  };
  return Array.from(
    { length: perStep },
    (_, i) => orderOf(Math.floor((first + i) / count))[(first + i) % count],
  );
}

/**
 * What a completion is rewarded with, from its score:
 *
 *   reward = score - lengthPenalty * tokens / maxTokens - [no end within maxTokens] missingEosPenalty
 *
 * The length penalty is linear: the marginal token costs the same in short and long completions. It acts on advantages
 * by differences of length inside a group alone, so that it does not favour prompts with short answers. Both are in
 * units of the score.
 */
export interface RewardShaping {
  lengthPenalty: number;
  missingEosPenalty: number;
  maxTokens: number;
}

export interface ShapedCompletion {
  score: number;
  tokenIds: { readonly length: number };
  finishReason: 'stop' | 'length';
}

export function shapedReward({ score, tokenIds, finishReason }: ShapedCompletion, { lengthPenalty, missingEosPenalty, maxTokens }: RewardShaping): number {
  return score - (lengthPenalty * tokenIds.length) / maxTokens - (finishReason === 'length' ? missingEosPenalty : 0);
}

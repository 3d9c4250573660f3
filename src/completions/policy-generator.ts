/**
 * A policy version in memory, ready to answer: prompts are framed by its tokenizer's chat markers, each
 * completion has its own seed, and the result is text. Worker processes only.
 */
import { type GeneratedSequence, Generator, PromptTooLongError } from '#src/lm/decode/generate.js';
import { chatFraming, type ChatFraming } from '#src/lm/text/chat.js';
import { ChatTemplateError } from '#src/lm/text/chat-template.js';
import { contentOf, type AskedPrompt } from '#src/common/conversation.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import { beforeStopString, stopStringTest } from '#src/lm/decode/stop-strings.js';
import type { WeightFormat } from '#src/lm/files/weight-formats.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import type { CompletionSource, SourceControl, WrittenCompletion } from './completion-source.js';
import { completionSeed, type Sampling } from './sampling.js';

export interface GeneratedCompletion extends WrittenCompletion {
  tokenIds: number[];
  /** Log-probability of each token at temperature 1, without penalties and filters. */
  logProbs: number[];
}

interface FramedPrompt extends AskedPrompt {
  ids: number[];
  /** Tokens that its completion may have. */
  room: number;
}

export class PolicyGenerator implements CompletionSource {
  private readonly tokenizer: Tokenizer;
  private readonly framing: ChatFraming;
  private readonly generator: Generator;
  private readonly positions: number;
  private readonly stopTokenIds: number[];

  /** @throws RangeError for weights that the family cannot have */
  constructor({ config, tokenizer, tensors }: Checkpoint, weights: WeightFormat = 'f32') {
    this.tokenizer = Tokenizer.fromFiles(tokenizer);
    this.framing = chatFraming(this.tokenizer);
    this.generator = new Generator({ config, tensors }, { frozen: true, weights });
    this.positions = config.maxPositionEmbeddings;
    this.stopTokenIds = [...new Set([...this.framing.stopTokenIds, ...config.eosTokenIds])];
  }

  /**
   * `sampling.n` completions of every prompt, by prompt in the order given. A completion is also cut where
   * the model has no positions left.
   *
   * @throws PromptTooLongError naming the first prompt that leaves no room for an answer, where `control` has no `onFailed`
   */
  async generate(prompts: readonly AskedPrompt[], sampling: Sampling, control: SourceControl = {}): Promise<GeneratedCompletion[]> {
    const framed = prompts.flatMap((prompt) => this.frameOrFail(prompt, sampling.maxTokens, control));
    const total = framed.length * sampling.n;
    const results = new Map<string, GeneratedCompletion[]>();
    const isOver = stopStringTest(sampling.stop, (ids) => this.tokenizer.decode(ids));
    let before = 0;
    for (const [maxNewTokens, group] of byRoom(framed)) {
      const seedsOf = ({ text }: FramedPrompt) => Array.from({ length: sampling.n }, (_, i) => completionSeed(sampling.seed, text, i));
      const requests = group.map((prompt) => ({ ids: prompt.ids, seeds: seedsOf(prompt) }));
      const options = { ...sampling, topK: sampling.topK ?? 0, maxNewTokens, stopTokenIds: this.stopTokenIds, isOver };
      const onProgress = (done: number) => control.onProgress?.(before + done, total);
      const sequences = await this.generator.generate(requests, options, { signal: control.signal, onProgress });
      group.forEach((prompt, at) => results.set(prompt.id, this.read(prompt, requests[at].seeds, sequences[at], sampling.stop)));
      before += group.length * sampling.n;
    }
    return framed.flatMap((prompt) => results.get(prompt.id)!);
  }

  async dispose(): Promise<void> {
    await this.generator.dispose();
  }

  private frameOrFail(prompt: AskedPrompt, maxTokens: number, { onFailed }: SourceControl): FramedPrompt[] {
    try {
      return [this.frame(prompt, maxTokens)];
    } catch (error) {
      const code = error instanceof PromptTooLongError ? 'prompt_too_long' : error instanceof ChatTemplateError && prompt.conversation ? 'conversation_refused' : undefined;
      if (!onFailed || code === undefined) throw error;
      onFailed({ promptId: prompt.id, code, message: (error as Error).message });
      return [];
    }
  }

  private frame(prompt: AskedPrompt, maxTokens: number): FramedPrompt {
    const ids = this.framing.encodePrompt(contentOf(prompt));
    const room = Math.min(maxTokens, this.positions - ids.length);
    if (room >= 1) return { ...prompt, ids, room };
    throw new PromptTooLongError(`prompt ${prompt.id} has ${ids.length} tokens; the policy takes at most ${this.positions}`);
  }

  private read(prompt: FramedPrompt, seeds: number[], sequences: GeneratedSequence[], stop: string[]): GeneratedCompletion[] {
    return sequences.map(({ tokenIds, logProbs, finishReason }, sampleIndex) => ({
      promptId: prompt.id,
      sampleIndex,
      seed: seeds[sampleIndex],
      text: this.textOf(tokenIds, stop),
      finishReason,
      promptTokens: prompt.ids.length,
      completionTokens: tokenIds.length,
      tokenIds,
      logProbs,
    }));
  }

  /** A policy may write any byte, the database no NUL. */
  private textOf(tokenIds: number[], stop: string[]): string {
    const end = this.stopTokenIds.includes(tokenIds.at(-1)!) ? -1 : undefined;
    return beforeStopString(this.tokenizer.decode(tokenIds.slice(0, end)), stop).replaceAll('\0', '\ufffd');
  }
}

/** Most prompts have room for all they may use and go together; those near the limit go with their like. */
function byRoom(prompts: FramedPrompt[]): Map<number, FramedPrompt[]> {
  const groups = new Map<number, FramedPrompt[]>();
  for (const prompt of prompts) groups.set(prompt.room, [...(groups.get(prompt.room) ?? []), prompt]);
  return groups;
}

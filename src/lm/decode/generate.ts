/**
 * Batched sampling from a policy. A prompt is read once however many completions it gets; its keys
 * and values are copied to the rows of its group. Rows that end leave, waiting rows take their place,
 * and at the end the batch shrinks. Weights are graph inputs, so that after a training step `updateWeights`
 * is an assignment, or constants of the decode sessions (`frozen`), which decodes faster.
 */
import { setImmediate } from 'node:timers/promises';
import { type Tensor } from '#src/nn/tensor.js';
import {
  checkRequest,
  type GeneratedSequence,
  type GenerationControl,
  type GenerationOptions,
  type GeneratorLimits,
  type GeneratorModel,
  type PromptRequest,
} from './generation-request.js';
import { GenerationSessions } from './generation-sessions.js';
import { isLoraName } from '../model/lora-delta.js';
import { familyOf } from '../model/families.js';
import { Rollout } from './rollout.js';
import { takesFewerBits } from '../files/weight-formats.js';

/** A prompt that leaves no room for an answer. */
export class PromptTooLongError extends Error {
  override readonly name = 'PromptTooLongError';
}

export type { GeneratedSequence, GenerationControl, GenerationOptions, GeneratorModel, PromptRequest };

export class Generator {
  private tensors: Record<string, Tensor>;
  private readonly sessions: GenerationSessions;
  private readonly limits: GeneratorLimits;

  constructor(
    private readonly model: GeneratorModel,
    limits: Partial<GeneratorLimits> = {},
  ) {
    this.tensors = model.tensors;
    const { threads, weights = 'f32', frozen = weights !== 'f32' } = limits;
    if (weights !== 'f32' && !frozen) throw new RangeError(`weights of format ${weights} must be frozen`);
    if (weights !== 'f32' && !takesFewerBits(model.config))
      throw new RangeError(`the family ${familyOf(model.config).modelType} cannot write with ${weights} weights: its linear maps are stored [in, out]`);
    this.sessions = new GenerationSessions(model, threads, { weights, frozen });
    this.limits = { maxRows: 64, maxPrefillTokens: 2048, ...limits };
  }

  /**
   * New values for some or all weights, of the same shapes; a running `generate` uses them from its next step.
   * Frozen weights are laid out, and quantized, anew.
   */
  updateWeights(tensors: Record<string, Tensor>): void {
    for (const [name, { shape }] of Object.entries(tensors)) {
      const wanted = this.tensors[name]?.shape;
      if (wanted?.join() !== shape.join())
        throw new RangeError(`weight "${name}" [${shape.join(', ')}] does not fit this model`);
    }
    this.tensors = { ...this.tensors, ...tensors };
    if (Object.keys(tensors).some((name) => !isLoraName(name))) this.sessions.refreeze(this.tensors);
  }

  /**
   * Completions by prompt, in the order of the seeds. Yields to the event loop between steps.
   * Rejects with the signal's reason when aborted, and with a RangeError for impossible options.
   */
  async generate(
    prompts: readonly PromptRequest[],
    options: GenerationOptions,
    { signal, onProgress }: GenerationControl = {},
  ): Promise<GeneratedSequence[][]> {
    checkRequest(this.model.config, prompts, options);
    const stop = new Set(options.stopTokenIds ?? this.model.config.eosTokenIds);
    const rollout = new Rollout(this.model.config, this.sessions, prompts, {
      ...options,
      ...this.limits,
      stop,
    });
    let reported = 0;
    while (!rollout.finished) {
      signal?.throwIfAborted();
      await rollout.advance(this.tensors);
      if (rollout.doneRows > reported) onProgress?.((reported = rollout.doneRows), rollout.totalRows);
      await setImmediate();
    }
    return rollout.results();
  }

  async dispose(): Promise<void> {
    await this.sessions.dispose();
  }
}

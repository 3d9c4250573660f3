/**
 * The value model of PPO: a network of its own, a trunk with a head of one number per token. The value of a completion's
 * token t is read where t is predicted, at the token before it: what is to be expected before t is chosen.
 *
 * It starts from the policy's trunk with a head of zeros (so that the first advantages are rewards-to-go and no noise), or
 * from a reward model, head included (Ouyang et al. 2022, appendix C.4).
 */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { initLora } from '#src/lm/lora/lora.js';
import { isDecayed, scoreName } from '#src/lm/model/parameter-shapes.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { decoderForward, valueHead } from '#src/lm/model/transformer.js';
import { inputParams, rewardWeightsFrom } from '#src/lm/files/weights.js';
import { emitModel } from '#src/nn/emit.js';
import { type Node } from '#src/nn/graph.js';
import { gather } from '#src/nn/ops.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { copyOf, i64, zeros, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { Recent } from '#src/common/recent.js';
import { type CompletionBatch } from '../batch/completion-batch.js';
import { inputLike } from './policy-graph.js';
import { type WeightSettings } from './policy-weights.js';
import { clippedValueLoss } from '../losses/ppo.js';

export interface ValueSettings extends WeightSettings {
  valueClip: number;
  gradientCheckpointing: boolean;
}

const prefix = 'value.';

export class ValueModel {
  private readonly state: TrainState;
  private readonly frozen: Tensors;
  private readonly optimizer: TrainStep;
  private readonly sessions = new Recent<Session>(16, (session) => session.dispose());

  /**
   * @param start with a reward head
   * @param resume what `progress` and `steps` gave
   */
  constructor(
    private readonly start: Checkpoint,
    private readonly settings: ValueSettings,
    private readonly threads?: number,
    resume?: { state: Readonly<Record<string, Tensor>>; steps: number },
  ) {
    const { lora, maxGradNorm, weightDecay, seed } = settings;
    // With low-rank factors the head is trained too: it is new, or has a different target.
    const isTrained = (name: string): boolean => !lora || name === scoreName;
    const chosen = (trained: boolean): Tensors => Object.fromEntries(Object.entries(start.tensors).filter(([name]) => isTrained(name) === trained));
    this.frozen = chosen(false);
    const fresh = (): TrainState => TrainState.init({ ...copyOf(chosen(true)), ...(lora ? initLora(start.config, lora, `${seed}/value`) : {}) });
    this.state = resume ? TrainState.restore(savedState(resume)) : fresh();
    this.optimizer = new TrainStep({
      state: this.state,
      optimizer: { maxGradNorm, weightDecay, decays: isDecayed },
      build: (feeds) => this.trainGraph(feeds),
      frozen: this.frozen,
      session: { threads },
    });
  }

  /** Optimizer steps taken. */
  get steps(): number {
    return this.state.step;
  }

  /** Values of the completion tokens, float32 [slots]. */
  async of({ rows, time, slots, feeds }: CompletionBatch): Promise<Tensor> {
    const session = await this.sessions.get(`${rows} ${time} ${slots}`, () => {
      const { values } = this.values(feeds);
      return Session.create(emitModel({ values }), { threads: this.threads });
    });
    const { values } = await session.run({ ...this.frozen, ...this.state.params, ...feeds });
    return values;
  }

  /** Feeds: those of a `CompletionBatch` with `oldValues`, `returns` and `weights`, float32 [slots]. */
  step(parts: readonly { feeds: Feeds; weight: number }[], rate: number): ReturnType<TrainStep['runParts']> {
    return this.optimizer.runParts(parts, rate);
  }

  /** `value.<name>`; overwritten by the next step. */
  progress(): Record<string, Tensor> {
    const tensors = Object.entries(this.state.serialise()).filter(([name]) => name !== 'step');
    return Object.fromEntries(tensors.map(([name, tensor]) => [prefix + name, tensor]));
  }

  async dispose(): Promise<void> {
    await this.sessions.clear();
    await this.optimizer.dispose();
  }

  private trainGraph(batch: Feeds): TrainGraph {
    const { params, values, kept } = this.values(batch);
    const at = (name: string): Node => inputLike(name, batch);
    const inputs = { values, oldValues: at('oldValues'), returns: at('returns'), weights: at('weights') };
    const { loss, clipShare } = clippedValueLoss(inputs, this.settings.valueClip);
    return {
      loss,
      metrics: { clipShare },
      trainable: Object.fromEntries(Object.keys(this.state.params).map((name) => [name, params[name]])),
      keep: this.settings.gradientCheckpointing ? kept : [],
    };
  }

  private values(batch: Feeds): { params: ReturnType<typeof inputParams>; values: Node; kept: Node[] } {
    const params = inputParams({ ...this.frozen, ...this.state.params });
    const model = { config: this.start.config, params, lora: this.settings.lora ?? undefined };
    const at = (name: string): Node => inputLike(name, batch);
    const { hidden, blocks } = decoderForward(model, at('ids'), { positions: at('positions'), mask: at('attentionMask') });
    return { params, values: valueHead(model, gather(hidden, at('predictedAt'), 0)), kept: [...blocks, hidden] };
  }
}

/** The policy's trunk under a head of zeros. */
export function valueStartFrom(policy: Checkpoint): Checkpoint {
  const { tensors, config } = policy;
  const start = rewardWeightsFrom(tensors, config, 0);
  return { ...policy, config: { ...config, head: 'reward' }, tensors: { ...start, [scoreName]: zeros(start[scoreName].shape) } };
}

function savedState({ state, steps }: { state: Readonly<Record<string, Tensor>>; steps: number }): Record<string, Tensor> {
  const own = Object.entries(state).flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []));
  return { ...copyOf(Object.fromEntries(own)), step: i64([steps], []) };
}

/**
 * Running training steps: a session, built once per shape of the batch, gives the gradients, and the optimizer moves the
 * tensors of one TrainState by them, in place.
 */
import { setImmediate } from 'node:timers/promises';
import { pulse } from '#src/common/pulse.js';
import { Rng } from '#src/common/rng.js';
import { Session, type Feeds, type SessionOptions } from './session.js';
import { adamw, adamwScalars, type AdamWOptions } from './optim/adamw.js';
import { floats, i32, scalarTensor, zeros, type Tensor } from './tensor.js';
import { buildAccumulate, buildGradients, names, type TrainGraph } from './train-graph.js';
import type { TrainState } from './train-state.js';

export interface TrainStepOptions {
  readonly state: TrainState;
  readonly optimizer: AdamWOptions;
  /** Builds the graph for feeds of these shapes; called once per set of shapes. */
  readonly build: (batch: Feeds) => TrainGraph;
  /** Inputs that never change, such as frozen weights: fed to every run. */
  readonly frozen?: Feeds;
  readonly session?: SessionOptions;
  /** For graphs with randomness (`TrainGraph.noise`): seed, step and part of the step determine the noise. */
  readonly seed?: string | number;
  /** Sessions kept at once; the longest unused goes first. 16 when left out. */
  readonly maxSessions?: number;
}

export interface StepReport {
  readonly loss: number;
  /** Metrics of one element as numbers. */
  readonly metrics: Readonly<Record<string, number>>;
  /** All metrics as tensors. */
  readonly values: Readonly<Record<string, Tensor>>;
}

export interface StepPart {
  /** A function is called when the part's turn comes: for feeds too large to hold those of all parts. */
  readonly feeds: Feeds | (() => Promise<Feeds>);
  readonly weight: number;
}

interface Compiled {
  readonly session: Session;
  /** Input name of each parameter in this graph. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly draws: boolean;
}

/** A batch that is a whole step, or one whose gradients are accumulated. */
type Kind = 'whole' | 'part';

export class TrainStep {
  private readonly compiled = new Map<string, Compiled>();
  private buffers: Record<string, Tensor> | undefined;
  /** The buffers hold gradients that no step was taken by yet. */
  private pending = false;
  /** Runs of the step so far. */
  private runs = 0;

  constructor(private readonly options: TrainStepOptions) {}

  /** Forward, backward and optimizer step on one batch, at learning rate `rate`. */
  async run(batch: Feeds, rate: number): Promise<StepReport & { gradNorm: number }> {
    const report = await this.backward('whole', batch, {});
    return { ...report, ...pulse.computing(() => this.update(rate)) };
  }

  /**
   * One optimizer step on a batch in parts, each with the weight of its gradients; a single part is one run. Memory
   * is that of the largest part.
   */
  async runParts(parts: readonly StepPart[], rate: number): Promise<{ reports: StepReport[]; gradNorm: number }> {
    if (parts.length === 1 && parts[0].weight === 1) {
      const { gradNorm, ...report } = await this.run(await feedsOf(parts[0]), rate);
      return { reports: [report], gradNorm };
    }
    const reports: StepReport[] = [];
    for (const part of parts) {
      reports.push(await this.accumulate(await feedsOf(part), part.weight));
      await setImmediate();
    }
    return { reports, ...this.apply(rate) };
  }

  /**
   * Adds the batch's gradients, times `weight`, to what `apply` will use. With a mean loss, n equal parts of a batch take
   * weight 1 / n each; with unequal parts, their share of what the loss averages over.
   */
  accumulate(batch: Feeds, weight: number): Promise<StepReport> {
    if (!this.pending) for (const buffer of Object.values(this.gradients())) floats(buffer).fill(0);
    this.pending = true;
    const feeds: Record<string, Tensor> = { [names.weight]: scalarTensor(weight) };
    for (const [name, buffer] of Object.entries(this.gradients())) feeds[names.gradient(name)] = buffer;
    return this.backward('part', batch, feeds);
  }

  /** Optimizer step with the accumulated gradients; those of the next part start again at zero. */
  apply(rate: number): { gradNorm: number } {
    this.pending = false;
    return pulse.computing(() => this.update(rate));
  }

  /** Writes the profiles of all sessions, when the session options asked for them. */
  endProfiling(): void {
    for (const { session } of this.compiled.values()) session.endProfiling();
  }

  async dispose(): Promise<void> {
    for (const { session } of this.compiled.values()) await session.dispose();
    this.compiled.clear();
  }

  /** Gradients of the batch, into the buffers. */
  private async backward(kind: Kind, batch: Feeds, extra: Feeds): Promise<StepReport> {
    const { session, inputs, draws } = await this.sessionFor(kind, batch);
    const { params } = this.options.state;
    const feeds: Record<string, Tensor> = { ...this.options.frozen, ...batch, ...extra };
    if (draws) feeds[names.noise] = i32([this.noise()], []);
    this.runs += 1;
    const into: Record<string, Tensor> = {};
    for (const [name, buffer] of Object.entries(this.gradients())) {
      feeds[inputs[name]] = params[name];
      into[names.next(names.gradient(name))] = buffer;
    }
    return reportOf(await session.run(feeds, into));
  }

  /** Odd, as the hash requires. */
  private noise(): number {
    const { seed, state } = this.options;
    if (seed === undefined) throw new Error('the graph needs a seed for its randomness');
    return Rng.from(`${seed}/noise/${state.step}/${this.runs}`).int32() | 1;
  }

  /** Parameters and moments by the gradients in the buffers. */
  private update(rate: number): { gradNorm: number } {
    const { state, optimizer } = this.options;
    const gradients = this.gradients();
    const gradNorm = globalNorm(Object.values(gradients).map(floats));
    const clip = optimizer.maxGradNorm === undefined ? 1 : clipFactor(gradNorm, optimizer.maxGradNorm);
    const scalars = adamwScalars(state.step + 1, rate, clip, optimizer);
    for (const [name, param] of Object.entries(state.params)) {
      const moving = { param: floats(param), m: floats(state.m[name]), v: floats(state.v[name]) };
      adamw(moving, floats(gradients[name]), scalars, optimizer.decays?.(name) ?? true);
    }
    state.step += 1;
    this.runs = 0;
    return { gradNorm };
  }

  private gradients(): Record<string, Tensor> {
    this.buffers ??= Object.fromEntries(
      Object.entries(this.options.state.params).map(([name, { shape }]) => [name, zeros(shape)]),
    );
    return this.buffers;
  }

  private async sessionFor(kind: Kind, batch: Feeds): Promise<Compiled> {
    const shapes = Object.entries(batch).map(([name, { shape }]) => `${name}:${shape.join('x')}`);
    const key = `${kind} ${shapes.sort().join(' ')}`;
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key);
      this.compiled.set(key, known);
      return known;
    }
    const graph = this.options.build(batch);
    this.checkTrainable(graph);
    const { session, maxSessions = 16 } = this.options;
    const model = kind === 'whole' ? buildGradients(graph) : buildAccumulate(graph);
    const inputs = Object.fromEntries(
      Object.entries(graph.trainable).map(([name, node]) => [name, node.attrs.name]),
    );
    const fresh = { session: await Session.create(model, { asWritten: true, ...session }), inputs, draws: graph.noise !== undefined };
    this.compiled.set(key, fresh);
    if (this.compiled.size > maxSessions) {
      const [oldest, { session: unused }] = [...this.compiled][0];
      this.compiled.delete(oldest);
      await unused.dispose();
    }
    return fresh;
  }

  private checkTrainable({ trainable }: TrainGraph): void {
    const { params } = this.options.state;
    const missing = Object.keys(params).filter((name) => !trainable[name]);
    if (missing.length > 0) throw new Error(`the graph does not train ${missing.join(', ')}`);
    for (const [name, node] of Object.entries(trainable)) {
      const shape = params[name]?.shape.join('x');
      if (shape !== node.shape.join('x')) {
        throw new Error(`parameter ${name}: state has ${shape ?? 'nothing'}, graph ${node.shape.join('x')}`);
      }
    }
  }
}

const feedsOf = async ({ feeds }: StepPart): Promise<Feeds> => (typeof feeds === 'function' ? feeds() : feeds);

function only(tensor: Tensor): number {
  return Number(tensor.data[0]);
}

function reportOf(results: Readonly<Record<string, Tensor>>): StepReport {
  const prefix = names.metric('');
  const values = Object.fromEntries(
    Object.entries(results).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
  const single = Object.entries(values).filter(([, tensor]) => tensor.data.length === 1);
  return {
    loss: only(results['loss']),
    metrics: Object.fromEntries(single.map(([name, tensor]) => [name, only(tensor)])),
    values,
  };
}

/**
 * Euclidean norm of all gradients taken together. Squares add up in float64 and in a fixed order, four sums side by side,
 * since an addition would otherwise wait for the one before it.
 */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let total = 0;
  for (const gradient of gradients) total += sumOfSquares(gradient);
  return Math.sqrt(total);
}

function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i] * values[i];
    b += values[i + 1] * values[i + 1];
    c += values[i + 2] * values[i + 2];
    d += values[i + 3] * values[i + 3];
  }
  for (let i = whole; i < values.length; i++) a += values[i] * values[i];
  return a + b + (c + d);
}

/** Factor that brings a norm down to `maxNorm`, and 1 below it; PyTorch's clip_grad_norm_ with its 1e-6. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(maxNorm / (norm + 1e-6), 1);
}

/**
 * Training steps as ONNX models: `fused` does forward, loss, backward, clipping and AdamW in one run;
 * `accumulate` and `apply` are the same cut in two, with the gradients in buffers between them.
 */
import { emitModel } from './emit.js';
import { grad } from './grad.js';
import { GraphError, input, type Node } from './graph.js';
import { add, tie } from './ops.js';
import { adamw, stepScalars, type AdamWOptions } from './optim/adamw.js';
import { clipFactor, globalNorm } from './optim/clip.js';

export interface TrainGraph {
  /** A scalar. */
  readonly loss: Node;
  /** More values to report, computed with the parameters as they were before the step. */
  readonly metrics?: Readonly<Record<string, Node>>;
  /** Inputs that are trained, by parameter name. */
  readonly trainable: Readonly<Record<string, Node<'Input'>>>;
  /** Forward nodes, in order, that stay in memory; what lies between them is recomputed. Nothing is when left out. */
  readonly keep?: readonly Node[];
}

/**
 * Names of the extra inputs and outputs; `next` outputs are meant to be fetched into the tensors that were
 * fed.
 */
export const names = {
  rate: 'optimizer.rate',
  correction1: 'optimizer.correction1',
  correction2: 'optimizer.correction2',
  weight: 'accumulate.weight',
  m: (name: string) => `m.${name}`,
  v: (name: string) => `v.${name}`,
  gradient: (name: string) => `gradient.${name}`,
  metric: (name: string) => `metric.${name}`,
  next: (name: string) => `next.${name}`,
} as const;

type Outputs = Record<string, Node>;

function report({ loss, metrics = {} }: TrainGraph): Outputs {
  const outputs: Outputs = { loss };
  for (const [name, node] of Object.entries(metrics)) outputs[names.metric(name)] = node;
  return outputs;
}

function update(
  params: Readonly<Record<string, Node>>,
  gradients: readonly Node[],
  optimizer: AdamWOptions,
  first: readonly Node[],
): Outputs {
  const norm = globalNorm(gradients);
  const factor = optimizer.maxGradNorm === undefined ? undefined : clipFactor(norm, optimizer.maxGradNorm);
  // Parameters are overwritten in place, so everything that reads the old ones has to come before the first
  // update.
  const rate = [norm, ...first].reduce(tie, input(names.rate, 'float32', []) as Node);
  const corrections = { correction1: input(names.correction1, 'float32', []), correction2: input(names.correction2, 'float32', []) };
  const scalars = stepScalars({ rate, ...corrections, ...(factor ? { clip: factor } : {}) }, optimizer);
  const outputs: Outputs = { gradNorm: norm };
  Object.entries(params).forEach(([name, param], i) => {
    const before = {
      param,
      m: input(names.m(name), 'float32', param.shape),
      v: input(names.v(name), 'float32', param.shape),
    };
    const after = adamw(before, gradients[i], scalars, {
      ...optimizer,
      decay: optimizer.decays?.(name) ?? true,
    });
    outputs[names.next(name)] = after.param;
    outputs[names.next(names.m(name))] = after.m;
    outputs[names.next(names.v(name))] = after.v;
  });
  return outputs;
}

function gradientsOf({ loss, trainable, keep }: TrainGraph, weight?: Node): Node[] {
  if (loss.shape.length !== 0)
    throw new GraphError(`the loss must be a scalar, not [${loss.shape.join(', ')}]`);
  return grad(loss, Object.values(trainable), weight, keep);
}

/**
 * One run = one optimizer step. Inputs besides the graph's own: `names.m/v` per parameter and the three
 * scalars.
 */
export function buildTrainStep(graph: TrainGraph & { readonly optimizer: AdamWOptions }): {
  fused: Uint8Array;
} {
  return { fused: emitModel(trainStepOutputs(graph)) };
}

/** The outputs of that run as a graph: what a plan of its memory looks at. */
export function trainStepOutputs(graph: TrainGraph & { readonly optimizer: AdamWOptions }): Readonly<Outputs> {
  const outputs = report(graph);
  return { ...outputs, ...update(graph.trainable, gradientsOf(graph), graph.optimizer, Object.values(outputs)) };
}

/** Adds `accumulate.weight` times the gradients to the buffers `gradient.<name>`. */
export function buildAccumulate(graph: TrainGraph): Uint8Array {
  const outputs = report(graph);
  const gradients = gradientsOf(graph, input(names.weight, 'float32', []));
  Object.entries(graph.trainable).forEach(([name, param], i) => {
    const buffer = input(names.gradient(name), 'float32', param.shape);
    outputs[names.next(names.gradient(name))] = add(buffer, gradients[i]);
  });
  return emitModel(outputs);
}

/** Clips the accumulated gradients and takes the optimizer step; parameters are fed as `param.<name>`. */
export function buildApply(
  shapes: Readonly<Record<string, readonly number[]>>,
  optimizer: AdamWOptions,
): Uint8Array {
  const all = Object.entries(shapes);
  const params = Object.fromEntries(
    all.map(([name, shape]) => [name, input(`param.${name}`, 'float32', shape)]),
  );
  const gradients = all.map(([name, shape]) => input(names.gradient(name), 'float32', shape));
  return emitModel(update(params, gradients, optimizer, []));
}

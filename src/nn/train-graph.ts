/**
 * The part of a training step that is a graph, as an ONNX model: forward, loss and backward in one run. What is done with
 * the gradients is up to the optimizer (optim/).
 */
import { emitModel } from './emit.js';
import { grad } from './grad.js';
import { GraphError, input, type Node } from './graph.js';
import { add } from './ops.js';

export interface TrainGraph {
  /** A scalar. */
  readonly loss: Node;
  /** More values to report, computed with the parameters as they were before the step. */
  readonly metrics?: Readonly<Record<string, Node>>;
  /** Inputs that are trained, by parameter name. */
  readonly trainable: Readonly<Record<string, Node<'Input'>>>;
  /** Forward nodes, in order, that stay in memory; what lies between them is recomputed. Nothing is when left out. */
  readonly keep?: readonly Node[];
  /** The seed of what the graph draws, an int32 scalar named `names.noise`: each run is fed one of its own. */
  readonly noise?: Node<'Input'>;
}

/** Names of the extra inputs and outputs; `next` outputs are meant to be fetched into the tensors that were fed. */
export const names = {
  weight: 'accumulate.weight',
  noise: 'noise.seed',
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

function gradientsOf({ loss, trainable, keep }: TrainGraph, weight?: Node): Node[] {
  if (loss.shape.length !== 0)
    throw new GraphError(`the loss must be a scalar, not [${loss.shape.join(', ')}]`);
  return grad(loss, Object.values(trainable), weight, keep);
}

/** The gradients of a batch that is a whole step, as outputs `next.gradient.<name>`. */
export function buildGradients(graph: TrainGraph): Uint8Array {
  return emitModel(gradientOutputs(graph));
}

/** The outputs of that run as a graph: what a plan of its memory looks at. */
export function gradientOutputs(graph: TrainGraph): Readonly<Outputs> {
  const outputs = report(graph);
  const gradients = gradientsOf(graph);
  Object.keys(graph.trainable).forEach((name, i) => (outputs[names.next(names.gradient(name))] = gradients[i]));
  return outputs;
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

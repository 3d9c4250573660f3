/** Memory and operations of a training step, computed from its graph without running it. */
import { isOp, topologicalOrder, type Node } from '#src/nn/graph.js';
import { planMemory } from '#src/nn/memory-plan.js';
import { sizeOf } from '#src/nn/tensor.js';
import { gradientOutputs, type TrainGraph } from '#src/nn/train-graph.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { parameterShapes } from '#src/lm/model/parameter-shapes.js';

export interface TrainingPlan {
  /** Parameters of the model without low-rank factors. */
  parameters: number;
  trainedParameters: number;
  /** In bytes; `peak` is their sum. */
  bytes: {
    /** The model that training starts from, which stays as it is. */
    model: number;
    /** Trained weights or factors, with two moments of each. */
    trained: number;
    /** Gradients, and their copies on the way back from the runtime. */
    updates: number;
    /** Token ids, masks and other values of a batch. */
    batch: number;
    /** Most that is alive at once between the forward and the backward pass. */
    activations: number;
    /** Workspace of the runtime's operators and fragmentation of its allocator. */
    runtime: number;
    peak: number;
  };
  /** Of the largest step, in its matrix products. */
  floatingPointOperations: number;
  /**
   * On disk, not in `bytes`: hidden states of the frozen layers, kept from pass to pass (trunk-states.ts). 0 where none are.
   */
  trunkBytes: number;
}

/** How a step is computed: in runs of the graph, whose gradients add up (`microBatchTokens`). */
export interface PlannedRuns {
  /** Of the heaviest step, shared prompts once. */
  tokens: number;
  /** Of that step. */
  runsPerStep: number;
  /** Of the heaviest run, in its matrix products. */
  operationsPerRun: number;
}

const floatBytes = 4;

/*
 * What a process takes beyond its values, fitted to `npm run bench -- less-work` (growth over three steps, four settings, under the
 * allocator's settings of a worker): the plan was then 4% too low to 4% too high.
 */
/** Fixed overhead of the runtime and its allocator. */
const fixedBytes = 200 * 1024 ** 2;

/** Of the runtime's own and the emitted model, per operator. */
const operatorBytes = 18 * 1024;

/** Share of activations and updates by which the process grows beyond them over a few steps: blocks of many sizes leave gaps. */
export const gaps = 0.15;

/**
 * `graph` is that of the largest batch, or of the part of it that makes the whole when taken `scale` times; `config` that of
 * the model it trains; `trunkBytes` what is kept of frozen layers.
 */
export function planTraining(config: ModelConfig, graph: TrainGraph, { scale = 1, trunkBytes = 0 } = {}): TrainingPlan {
  const count = (shapes: readonly (readonly number[])[]): number => shapes.reduce((total, shape) => total + sizeOf(shape), 0);
  const parameters = count(Object.values(parameterShapes(config)));
  const trainedParameters = count(Object.values(graph.trainable).map(({ shape }) => shape));
  const results = gradientOutputs(graph);
  const { inputs, constants, outputs, operators, ...step } = planMemory(results);
  const weights = trainedParameters * floatBytes;
  const trained = 3 * weights;
  const frozen = count(frozenInputs(config, graph, results)) * floatBytes;
  const model = parameters * floatBytes;
  const batch = Math.round(scale * (inputs - weights - frozen + constants));
  const activations = Math.round(scale * step.activations);
  // The runtime hands over a copy of what it wrote.
  const updates = outputs + weights;
  const runtime = Math.round(fixedBytes + operators * operatorBytes + gaps * (activations + updates));
  return {
    parameters,
    trainedParameters,
    bytes: { model, trained, updates, batch, activations, runtime, peak: model + trained + updates + batch + activations + runtime },
    floatingPointOperations: scale * step.floatingPointOperations,
    trunkBytes,
  };
}

/** Shapes of the weights that a step reads and does not train: they lie where the model is. */
function frozenInputs(config: ModelConfig, { trainable }: TrainGraph, results: Readonly<Record<string, Node>>): (readonly number[])[] {
  const known = parameterShapes(config);
  return topologicalOrder(Object.values(results)).flatMap((node) =>
    isOp(node, 'Input') && node.attrs.name in known && !(node.attrs.name in trainable) ? [node.shape] : [],
  );
}

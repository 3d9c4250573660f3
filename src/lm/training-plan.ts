/** What a training step takes, told from its graph before anything runs. */
import { planMemory } from '#src/nn/memory-plan.js';
import { sizeOf } from '#src/nn/tensor.js';
import { trainStepOutputs, type TrainGraph } from '#src/nn/train-graph.js';
import { type ModelConfig } from './config.js';
import { parameterShapes } from './parameter-shapes.js';

export interface TrainingPlan {
  /** Of the model, low-rank factors not counted. */
  parameters: number;
  trainedParameters: number;
  /** In bytes; `peak` is their sum. */
  bytes: {
    /** The model that training starts from, which stays as it is. */
    model: number;
    /** What is trained: weights or factors, and two moments of each. */
    trained: number;
    /** Updated weights and moments on their way back from the runtime. */
    updates: number;
    /** Token ids, masks and other values of a batch. */
    batch: number;
    /** Most that is alive at once between the forward and the backward pass. */
    activations: number;
    peak: number;
  };
  /** Of the largest step, in its matrix products. */
  floatingPointOperations: number;
}

const floatBytes = 4;

/** `graph` is that of the largest batch; `config` that of the model it trains. */
export function planTraining(config: ModelConfig, graph: TrainGraph): TrainingPlan {
  const count = (shapes: readonly (readonly number[])[]): number => shapes.reduce((total, shape) => total + sizeOf(shape), 0);
  const parameters = count(Object.values(parameterShapes(config)));
  const trainedParameters = count(Object.values(graph.trainable).map(({ shape }) => shape));
  const { inputs, constants, outputs, activations, floatingPointOperations } = planMemory(trainStepOutputs({ ...graph, optimizer: { maxGradNorm: 1 } }));
  const trained = 3 * trainedParameters * floatBytes;
  const frozen = trainedParameters === parameters ? 0 : parameters * floatBytes;
  const model = parameters * floatBytes;
  const batch = Math.max(0, inputs - trained - frozen) + constants;
  return {
    parameters,
    trainedParameters,
    bytes: { model, trained, updates: outputs, batch, activations, peak: model + trained + outputs + batch + activations },
    floatingPointOperations,
  };
}

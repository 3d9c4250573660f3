/**
 * The training engine: build a graph (graph, ops), differentiate it (grad), write it as ONNX (emit),
 * run it on ONNX Runtime (session). `interpret` is the slow reference the tests compare with.
 */
export * from './tensor.js';
export { input, constant, GraphError, type Node, type Op } from './graph.js';
export * from './ops.js';
export * from './emit.js';
export * from './session.js';
export * from './grad.js';
export { interpret } from './interpret.js';
export { learningRate, type Schedule } from './optim/schedule.js';
export { adamw, adamwScalars, type AdamWOptions } from './optim/adamw.js';
export { clipFactor, globalNorm } from './optim/clip.js';
export { TrainState } from './train-state.js';
export { buildGradients, type TrainGraph } from './train-graph.js';
export { TrainStep, type StepReport, type TrainStepOptions } from './train-step.js';

export * from './ops/elementwise.js';
export * from './ops/shape.js';
export * from './ops/linear.js';
export * from './ops/quantized.js';
export * from './ops/reduce.js';
export * from './ops/layers.js';

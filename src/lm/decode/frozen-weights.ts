/**
 * Weights of decode sessions as constants: the runtime lays constant operands of products out once, which at
 * a few rows per step is most of the work. LoRA factors stay inputs, so that training them rebuilds nothing.
 */
import { constant, input, type Node } from '#src/nn/graph.js';
import { type Tensor } from '#src/nn/tensor.js';
import { isLoraName } from '../model/lora-delta.js';
import { families } from '../model/families.js';
import { type WeightFormat } from '../files/weight-formats.js';
import { packedName, quantizable, quantizeWeight, scalesName } from '../model/quantize-weights.js';

/** Float32 weights beyond this are fed at every step: decoding would be faster, but a second copy of them is too much memory. */
export const maxCopiedBytes = 1.9 * 1024 ** 3;

/**
 * Base weights in the form in which a session holds them. Embeddings, norms and the output head are never
 * quantized.
 */
export function frozenTensors(tensors: Record<string, Tensor>, format: WeightFormat): Record<string, Tensor> {
  const frozen = Object.entries(tensors).filter(([name]) => !isLoraName(name));
  if (format === 'f32') return Object.fromEntries(frozen);
  const bits = format === 'int4' ? 4 : 8;
  return Object.fromEntries(
    frozen.flatMap(([name, tensor]): [string, Tensor][] => {
      if (!takesFewBits(name, tensor.shape)) return [[name, tensor]];
      const { packed, scales } = quantizeWeight(tensor, bits);
      return [
        [packedName(name), packed],
        [scalesName(name), scales],
      ];
    }),
  );
}

export function bytesOf(tensors: Record<string, Tensor>): number {
  return Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
}

/** Constants for frozen weights, inputs for the LoRA factors of `tensors`. */
export function frozenParams(
  frozen: Record<string, Tensor>,
  tensors: Record<string, Tensor>,
): Record<string, Node> {
  const constants = Object.entries(frozen).map(([name, tensor]) => [name, constant(tensor, name)] as const);
  const factors = Object.entries(tensors)
    .filter(([name]) => isLoraName(name))
    .map(([name, { shape }]) => [name, input(name, 'float32', shape)] as const);
  return Object.fromEntries<Node>([...constants, ...factors]);
}

/** Whether a parameter is one of those that formats of few bits round. */
export const takesFewBits = (name: string, shape: readonly number[]): boolean =>
  quantizable(shape) && families.llama.linears.some(({ path }) => name.endsWith(`.${path}.weight`));

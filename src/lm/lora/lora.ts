/**
 * Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685): y = x W^T + (alpha / rank) x A^T B^T with
 * A [rank, in] and B [out, rank], also where the base keeps W transposed (PEFT's `fan_in_fan_out`).
 * Names are PEFT's, so an adapter saved here loads in `peft`.
 */
import { Rng } from '#src/common/rng.js';
import { f32, floats, zeros } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import { families, familyOf } from '../model/families.js';
import { loraName, loraScale, type LoraConfig } from '../model/lora-delta.js';
import { linearNames, moduleOf, parameterShapes, type LinearModule } from '../model/parameter-shapes.js';
import { type Tensors } from '../files/safetensors.js';

/** The attention projections, as PEFT's examples do, plus the MLP: all linear maps (Dettmers et al. 2023). */
export const allLinearOf = (model: Pick<ModelConfig, 'family'>): LinearModule[] => [
  ...new Set(familyOf(model).linears.map(moduleOf)),
];

/** Those of Llama and Qwen. */
export const allLinear: LinearModule[] = allLinearOf({ family: 'llama' });

/** Base parameters that the adapter changes. Throws RangeError when no target is a map of the model, or for a layer it lacks. */
export function loraTargets(model: ModelConfig, lora: LoraConfig): string[] {
  const { layers = Array.from({ length: model.numLayers }, (_, layer) => layer) } = lora;
  const missing = layers.find((layer) => layer >= model.numLayers);
  if (missing !== undefined) throw new RangeError(`layer ${missing} does not exist: the model has ${model.numLayers} layers`);
  const targets = layers.flatMap((layer) => lora.targetModules.flatMap((module) => linearNames(model, layer, module)));
  if (targets.length > 0) return targets;
  const [wanted, known] = [lora.targetModules.join(', '), allLinearOf(model).join(', ')];
  throw new RangeError(`the model has none of the LoRA targets [${wanted}]; it has ${known}`);
}

/** Shapes of the factors by PEFT's names: A [rank, in], B [out, rank]. */
export function loraShapes(model: ModelConfig, lora: LoraConfig): Record<string, number[]> {
  const shapes = parameterShapes(model);
  const factors = loraTargets(model, lora).flatMap((name): [string, number[]][] => {
    const [out, inner] = outAndIn(shapes[name], model);
    return [
      [loraName(name, 'A'), [lora.rank, inner]],
      [loraName(name, 'B'), [out, lora.rank]],
    ];
  });
  return Object.fromEntries(factors);
}

/** A kaiming-uniform (bound 1 / sqrt(in), as PEFT does), B zero: the adapted model starts out equal to the base. */
export function initLora(model: ModelConfig, lora: LoraConfig, seed: string | number): Tensors {
  if (!Number.isInteger(lora.rank) || lora.rank < 1)
    throw new RangeError(`LoRA rank must be a positive integer, got ${lora.rank}`);
  const root = Rng.from(seed);
  const shapes = parameterShapes(model);
  const factors = loraTargets(model, lora).flatMap((name) => {
    const [out, inner] = outAndIn(shapes[name], model);
    const rng = root.fork(name);
    const bound = 1 / Math.sqrt(inner);
    const a = Float32Array.from({ length: lora.rank * inner }, () => (2 * rng.next() - 1) * bound);
    return [
      [loraName(name, 'A'), f32(a, [lora.rank, inner])] as const,
      [loraName(name, 'B'), zeros([out, lora.rank])] as const,
    ];
  });
  return Object.fromEntries(factors);
}

/** New base weights W + (alpha / rank) B A, or its transpose where the base is; untouched tensors are shared, not copied. */
export function mergeLora(base: Tensors, factors: Tensors, model: ModelConfig, lora: LoraConfig): Tensors {
  const merged = { ...base };
  for (const name of loraTargets(model, lora)) {
    const a = factors[loraName(name, 'A')];
    const b = factors[loraName(name, 'B')];
    if (!a || !b) throw new RangeError(`LoRA factors of "${name}" are missing`);
    const { shape } = base[name];
    const [out, inner] = outAndIn(shape, model);
    const weight = floats(base[name]).slice();
    const size = { out, rank: lora.rank, inner, scale: loraScale(lora) };
    if (familyOf(model).transposed) addTransposedProduct(weight, floats(b), floats(a), size);
    else addProduct(weight, floats(b), floats(a), size);
    merged[name] = f32(weight, shape);
  }
  return merged;
}

interface ProductSize {
  out: number;
  rank: number;
  inner: number;
  scale: number;
}

/** weight [out, inner] += scale * b [out, rank] * a [rank, inner]. */
function addProduct(
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { out, rank, inner, scale }: ProductSize,
): void {
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[o * rank + r];
      if (factor === 0) continue;
      for (let i = 0; i < inner; i++) weight[o * inner + i] += factor * a[r * inner + i];
    }
  }
}

/** weight [inner, out] += scale * (b [out, rank] * a [rank, inner])^T. */
function addTransposedProduct(
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  { out, rank, inner, scale }: ProductSize,
): void {
  for (let i = 0; i < inner; i++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * a[r * inner + i];
      for (let o = 0; o < out; o++) weight[i * out + o] += factor * b[o * rank + r];
    }
  }
}

function outAndIn(shape: readonly number[], model: ModelConfig): [number, number] {
  return familyOf(model).transposed ? [shape[1], shape[0]] : [shape[0], shape[1]];
}

const transposedModules = new Set(families.gpt2.linears.map(moduleOf));

/** Are these maps stored [in, out], which PEFT calls `fan_in_fan_out`? */
export const isTransposed = (modules: readonly LinearModule[]): boolean => modules.some((module) => transposedModules.has(module));

/** `adapter_config.json` as PEFT writes it. */
export function toPeftConfig(lora: LoraConfig, baseModel: string): Record<string, unknown> {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout ?? 0,
    target_modules: lora.targetModules,
    ...(lora.layers ? { layers_to_transform: lora.layers } : {}),
    bias: 'none',
    fan_in_fan_out: isTransposed(lora.targetModules),
    inference_mode: true,
  };
}

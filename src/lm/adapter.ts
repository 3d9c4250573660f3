/** LoRA factors as a PEFT folder: `adapter_config.json` and `adapter_model.safetensors`. */
import { type FileMap } from './checkpoint.js';
import { families } from './families.js';
import { isLoraName, toPeftConfig, type LoraConfig } from './lora.js';
import { linearModules, type LinearModule } from './parameter-shapes.js';
import { readSafetensors, writeSafetensors, type Tensors } from './safetensors.js';

export interface Adapter {
  lora: LoraConfig;
  factors: Tensors;
}

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/** Files that `peft`, vLLM and TGI load. `baseModel` is the name or path they look the base up by. */
export function serializeAdapter({ lora, factors }: Adapter, baseModel: string): FileMap {
  const names = Object.keys(factors);
  const isUsed = (module: LinearModule): boolean => names.some((name) => name.includes(`.${module}.`));
  const used = { ...lora, targetModules: lora.targetModules.filter(isUsed) };
  const config = JSON.stringify(toPeftConfig(used, baseModel), null, 2);
  return { [configFile]: new TextEncoder().encode(`${config}\n`), [weightsFile]: writeSafetensors(factors) };
}

/** Throws RangeError for a kind of adapter this engine does not compute. */
export function parseAdapter(files: FileMap): Adapter {
  const json = JSON.parse(new TextDecoder().decode(files[configFile])) as Record<string, unknown>;
  const modules = json.target_modules;
  const isKnown = (name: unknown): name is LinearModule => linearModules.includes(name as LinearModule);
  if (
    json.peft_type !== 'LORA' ||
    json.use_dora === true ||
    json.use_rslora === true ||
    (json.bias ?? 'none') !== 'none'
  ) {
    throw new RangeError('only plain LoRA adapters without biases are supported');
  }
  if (!Array.isArray(modules) || !modules.every(isKnown)) {
    throw new RangeError(`target_modules ${JSON.stringify(modules)} are not all linear maps of a known family`);
  }
  const layers = layersOf(json);
  const { tensors } = readSafetensors(files[weightsFile]);
  const stranger = Object.keys(tensors).find((name) => !isLoraName(name));
  if (stranger !== undefined) throw new RangeError(`"${stranger}" is not a LoRA factor`);
  return {
    lora: { rank: Number(json.r), alpha: Number(json.lora_alpha), targetModules: modules, ...(layers ? { layers } : {}) },
    factors: tensors,
  };
}

/** What the lists of layers are called in the families, in full and without the trunk's name: PEFT's `layers_pattern`. */
const layerLists = Object.values(families).flatMap(({ names: { layers, trunk } }) => [layers, layers.slice(trunk.length)].map((path) => path.slice(0, -1)));

/** PEFT takes one index or a list; none, or an empty list, is all layers. */
function layersOf({ layers_to_transform: given, layers_pattern: pattern }: Record<string, unknown>): number[] | undefined {
  const layers = [given ?? []].flat();
  if (!layers.every((layer): layer is number => Number.isSafeInteger(layer) && Number(layer) >= 0))
    throw new RangeError(`layers_to_transform ${JSON.stringify(given)} is not an index of a layer or a list of them`);
  if (layers.length === 0) return undefined;
  const patterns = [pattern ?? []].flat().filter((name) => name !== '');
  if (patterns.length > 0 && !patterns.some((name) => layerLists.some((list) => list === name)))
    throw new RangeError(`layers_pattern ${JSON.stringify(pattern)} is not what a known family calls its layers`);
  return [...new Set(layers)].sort((a, b) => a - b);
}

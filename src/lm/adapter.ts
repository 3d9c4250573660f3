/** LoRA factors as a PEFT folder: `adapter_config.json` and `adapter_model.safetensors`. */
import { type FileMap, type FileStreams } from './checkpoint.js';
import { isLoraName, toPeftConfig, type LoraConfig } from './lora.js';
import { linearModules, type LinearModule } from './parameter-shapes.js';
import { joined, readSafetensors, safetensorsStream, type Tensors } from './safetensors.js';

export interface Adapter {
  lora: LoraConfig;
  factors: Tensors;
}

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/** Files that `peft`, vLLM and TGI load. `baseModel` is the name or path they look the base up by. */
export function adapterStreams({ lora, factors }: Adapter, baseModel: string): FileStreams {
  const names = Object.keys(factors);
  const isUsed = (module: LinearModule): boolean => names.some((name) => name.includes(`.${module}.`));
  const used = { ...lora, targetModules: lora.targetModules.filter(isUsed) };
  const config = new TextEncoder().encode(`${JSON.stringify(toPeftConfig(used, baseModel), null, 2)}\n`);
  return { [configFile]: { byteLength: config.length, chunks: [config] }, [weightsFile]: safetensorsStream(factors) };
}

/** The same in memory. */
export function serializeAdapter(adapter: Adapter, baseModel: string): FileMap {
  return Object.fromEntries(Object.entries(adapterStreams(adapter, baseModel)).map(([name, stream]) => [name, joined(stream)]));
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
  const { tensors } = readSafetensors(files[weightsFile]);
  const stranger = Object.keys(tensors).find((name) => !isLoraName(name));
  if (stranger !== undefined) throw new RangeError(`"${stranger}" is not a LoRA factor`);
  return {
    lora: { rank: Number(json.r), alpha: Number(json.lora_alpha), targetModules: modules },
    factors: tensors,
  };
}

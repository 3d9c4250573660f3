/** LoRA factors as a PEFT folder: `adapter_config.json` and `adapter_model.safetensors`. */
import { type Checkpoint, type FileMap, type FileStreams } from '../files/checkpoint.js';
import { families } from '../model/families.js';
import { isTransposed, loraShapes, mergeLora, toPeftConfig } from './lora.js';
import { isLoraName, type LoraConfig } from '../model/lora-delta.js';
import { fields, unknownField } from '../model/known-fields.js';
import { ModelFolder } from '../files/model-folder.js';
import { linearModules, type LinearModule } from '../model/parameter-shapes.js';
import { joined, readSafetensors, safetensorsStream, type Tensors } from '../files/safetensors.js';

export interface Adapter {
  lora: LoraConfig;
  factors: Tensors;
  /** What is trained whole beside the factors, by the base's names: PEFT's `modules_to_save`, as of a reward model its head. */
  whole?: Tensors;
}

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/** Files that `peft`, vLLM and TGI load. `baseModel` is the name or path they look the base up by. */
export function adapterStreams({ lora, factors, whole = {} }: Adapter, baseModel: string): FileStreams {
  const names = Object.keys(factors);
  const isUsed = (module: LinearModule): boolean => names.some((name) => name.includes(`.${module}.`));
  const used = { ...lora, targetModules: lora.targetModules.filter(isUsed) };
  const config = new TextEncoder().encode(`${JSON.stringify({ ...toPeftConfig(used, baseModel), ...besideFactors(whole) }, null, 2)}\n`);
  return { [configFile]: { byteLength: config.length, chunks: [config] }, [weightsFile]: safetensorsStream({ ...factors, ...renamed(whole, (name) => `base_model.model.${name}`) }) };
}

/** Of a reward model, which has a head to be saved, PEFT has another task. */
function besideFactors(whole: Tensors): Record<string, unknown> {
  const modules = Object.keys(whole).map((name) => name.replace(/\.weight$/, ''));
  return modules.length > 0 ? { task_type: 'SEQ_CLS', modules_to_save: modules } : {};
}

const renamed = (tensors: Tensors, to: (name: string) => string): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [to(name), tensor]));

/** The same in memory. */
export function serializeAdapter(adapter: Adapter, baseModel: string): FileMap {
  return Object.fromEntries(Object.entries(adapterStreams(adapter, baseModel)).map(([name, stream]) => [name, joined(stream)]));
}

/** Fields of PEFT under which an adapter computes something else, each with the value that leaves it plain. */
const plainly: Readonly<Record<string, (value: unknown) => boolean>> = {
  peft_type: (value) => value === 'LORA',
  init_lora_weights: leavesBase,
  use_dora: isOff,
  use_rslora: isOff,
  use_qalora: isOff,
  use_bdlora: isOff,
  lora_bias: isOff,
  bias: (value) => (value ?? 'none') === 'none',
  rank_pattern: isEmpty,
  alpha_pattern: isEmpty,
  modules_to_save: isEmpty,
  target_parameters: isEmpty,
  trainable_token_indices: isEmpty,
  layer_replication: isEmpty,
};

/**
 * Ways to begin that leave the base as it was. The others (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA) subtract the beginning
 * from the base, or quantize it, so that their factors fit that other base alone: `peft` 0.21, `tuners/lora/layer.py`.
 */
function leavesBase(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return true;
  return typeof value === 'string' && ['gaussian', 'orthogonal', 'eva', 'mica'].includes(value.toLowerCase());
}

/** Read elsewhere in this file, or of training, storage and speed alone. */
const harmless = fields(`
  task_type auto_mapping peft_version base_model_name_or_path revision inference_mode runtime_config megatron_core megatron_config
  r lora_alpha lora_dropout target_modules exclude_modules fan_in_fan_out layers_to_transform layers_pattern
  qalora_group_size eva_config loftq_config corda_config ensure_weight_tying`);

function isOff(value: unknown): boolean {
  return (value ?? false) === false;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Throws RangeError naming the field for an adapter this engine does not compute. */
export function parseAdapter(files: FileMap): Adapter {
  const missing = [configFile, weightsFile].find((name) => !Object.hasOwn(files, name));
  if (missing !== undefined) throw new RangeError(`${missing} is missing`);
  const json = JSON.parse(new TextDecoder().decode(files[configFile])) as Record<string, unknown>;
  const other = Object.keys(plainly).find((field) => !plainly[field](json[field]));
  if (other !== undefined) throw new RangeError(`${configFile}: ${other} ${JSON.stringify(json[other])} is not supported`);
  const unknown = unknownField(json, new Set([...harmless, ...Object.keys(plainly)]));
  if (unknown !== undefined) throw new RangeError(`${configFile}: ${unknown} ${JSON.stringify(json[unknown])} is not supported: the field is unknown`);
  const { tensors } = readSafetensors(files[weightsFile]);
  const stranger = Object.keys(tensors).find((name) => !isLoraName(name));
  if (stranger !== undefined) throw new RangeError(`"${stranger}" is not a LoRA factor`);
  const targetModules = targetsOf(json.target_modules, Object.keys(tensors));
  if ((json.fan_in_fan_out ?? false) !== isTransposed(targetModules))
    throw new RangeError(`${configFile}: fan_in_fan_out ${JSON.stringify(json.fan_in_fan_out)} does not fit maps such as ${targetModules[0]}`);
  const [rank, alpha] = [json.r, json.lora_alpha].map(Number);
  if (!Number.isInteger(rank) || rank < 1 || !(alpha > 0)) throw new RangeError(`${configFile}: r ${String(json.r)} and lora_alpha ${String(json.lora_alpha)} must be positive`);
  const layers = layersOf(json);
  const dropout = Number(json.lora_dropout ?? 0);
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`${configFile}: lora_dropout ${JSON.stringify(json.lora_dropout)} must be at least 0 and below 1`);
  return { lora: { rank, alpha, targetModules, ...(layers ? { layers } : {}), ...(dropout > 0 ? { dropout } : {}) }, factors: tensors };
}

/** Names of modules, their paths, or `all-linear`: then those that have factors. */
function targetsOf(given: unknown, factors: readonly string[]): LinearModule[] {
  const named = given === 'all-linear' ? linearModules.filter((module) => factors.some((name) => name.includes(`.${module}.`))) : given;
  const last = (name: unknown): unknown => (typeof name === 'string' ? name.slice(name.lastIndexOf('.') + 1) : name);
  const modules = Array.isArray(named) ? [...new Set(named.map(last))] : [];
  const isKnown = (name: unknown): name is LinearModule => linearModules.includes(name as LinearModule);
  if (modules.length > 0 && modules.every(isKnown)) return modules;
  throw new RangeError(`${configFile}: target_modules ${JSON.stringify(given)} are not all linear maps of a known family`);
}

/** A folder as peft saves it. Rejects with RangeError, SafetensorsError or CheckpointError. */
export async function readAdapterDir(directory: string): Promise<Adapter> {
  const folder = await ModelFolder.open(directory);
  const found = await Promise.all([configFile, weightsFile].map(async (name) => [name, await folder.readSmall(name)] as const));
  return parseAdapter(Object.fromEntries(found.flatMap(([name, bytes]) => (bytes ? [[name, bytes]] : []))));
}

/** The base with the adapter merged into its weights. Throws RangeError where the two do not fit together. */
export function mergeAdapter(base: Checkpoint, { lora, factors }: Adapter): Checkpoint {
  const shapes = loraShapes(base.config, lora);
  for (const name of new Set([...Object.keys(shapes), ...Object.keys(factors)])) {
    const [wanted, given] = [shapes[name]?.join(', '), factors[name]?.shape.join(', ')];
    if (wanted === undefined) throw new RangeError(`LoRA factor "${name}" has no place in this model`);
    if (given === undefined) throw new RangeError(`LoRA factor "${name}" is missing, though target_modules name its map`);
    if (given !== wanted) throw new RangeError(`LoRA factor "${name}" has shape [${given}], the model needs [${wanted}]`);
  }
  return { ...base, tensors: mergeLora(base.tensors, factors, base.config, lora) };
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

/**
 * A model as Hugging Face stores it, and in memory: configuration, tokenizer, tensors.
 * Small files are a map of names to bytes, so that an artifact store can hold the same files; weights of
 * a folder are read and written tensor by tensor, so that they are never in memory twice.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Tensor } from '#src/nn/tensor.js';
import { CheckpointError } from './checkpoint-error.js';
import { parseConfigs, toHfConfig, type ModelConfig } from '../model/config.js';
import { withEnds } from './token-roles.js';
import { ModelFolder, type ModelFiles } from './model-folder.js';
import { parameterName, parameterShapes } from '../model/parameter-shapes.js';
import {
  joined,
  readSafetensors,
  readSafetensorsFrom,
  SafetensorsError,
  safetensorsStream,
  writeChunks,
  type FloatFormat,
  type ReadLimits,
  type SafetensorsStream,
  type Tensors,
} from './safetensors.js';
import { indexFile, joinShard, parseShardIndex, planShards, shardNames, weightsFile } from './shards.js';
import { type TokenizerFiles } from '../text/tokenizer.js';

export { CheckpointError };

export interface Checkpoint {
  config: ModelConfig;
  tokenizer: TokenizerFiles;
  tensors: Tensors;
}

export type FileMap = Record<string, Uint8Array>;

/** What the small files of a model say, still as Hugging Face JSON. */
export interface HuggingFaceModel {
  config: unknown;
  /** `generation_config.json`; {} when there is none. */
  generation: unknown;
  tokenizer: TokenizerFiles;
  tensors: Tensors;
}

export interface StorageOptions {
  /** Above so many bytes of weights they are written as shards with an index. */
  maxShardBytes?: number;
}

const configFile = 'config.json';
const generationFile = 'generation_config.json';
const tokenizerFile = 'tokenizer.json';
const tokenizerConfigFile = 'tokenizer_config.json';
const chatTemplateFile = 'chat_template.jinja';
const smallFiles = [configFile, generationFile, tokenizerFile, tokenizerConfigFile, chatTemplateFile, indexFile];

/** Throws CheckpointError (or ConfigError, SafetensorsError) naming the file or tensor that is wrong. */
export function parseCheckpoint(files: FileMap, limits: ReadLimits = {}): Checkpoint {
  const small = parseSmallFiles(files);
  const read = (name: string): Tensors => named(name, () => readSafetensors(file(files, name), limits)).tensors;
  if (files[weightsFile]) return assembleCheckpoint({ ...small, tensors: read(weightsFile) });
  const map = parseShardIndex(readText(files, indexFile, `${weightsFile} is missing`));
  const tensors = new Map<string, Tensor>();
  for (const shard of shardNames(map)) joinShard(tensors, map, shard, read(shard));
  return assembleCheckpoint({ ...small, tensors: Object.fromEntries(tensors) });
}

/** A model without its weights: enough to know its size and to encode texts. Other files may be left out of `files`. */
export function parseDescription(files: FileMap): Pick<Checkpoint, 'config' | 'tokenizer'> {
  return readParts(parseSmallFiles(files));
}

/** From the parts as Hugging Face writes them. Throws ConfigError or CheckpointError where they do not fit. */
export function assembleCheckpoint({ tensors, ...small }: HuggingFaceModel): Checkpoint {
  const { config, tokenizer } = readParts(small);
  return { config, tokenizer, tensors: checkTensors(config, tensors) };
}

function readParts({ config: json, generation, tokenizer }: Omit<HuggingFaceModel, 'tensors'>): Pick<Checkpoint, 'config' | 'tokenizer'> {
  const config = parseConfigs(json, generation);
  return { config, tokenizer: withEnds(tokenizer, config) };
}

function parseSmallFiles(files: FileMap): Omit<HuggingFaceModel, 'tensors'> {
  const tokenizerConfigJson = files[tokenizerConfigFile] ? readText(files, tokenizerConfigFile) : '{}';
  return {
    config: readJson(files, configFile),
    generation: files[generationFile] ? readJson(files, generationFile) : {},
    tokenizer: {
      tokenizerJson: readText(files, tokenizerFile),
      tokenizerConfigJson: files[chatTemplateFile]
        ? withChatTemplate(tokenizerConfigJson, readText(files, chatTemplateFile))
        : tokenizerConfigJson,
    },
  };
}

/** Newer checkpoints keep the template in a file of its own, which goes before the one of the configuration. */
export function withChatTemplate(tokenizerConfigJson: string, template: string): string {
  const json = parseJson(tokenizerConfigFile, tokenizerConfigJson) as object;
  return JSON.stringify({ ...json, chat_template: template }, null, 2);
}

/** Everything but the weights. */
function smallFilesOf({ config, tokenizer }: Checkpoint, format: FloatFormat): FileMap {
  const hf = toHfConfig(config);
  const dtype = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[format];
  const generation = {
    bos_token_id: hf.bos_token_id,
    eos_token_id: hf.eos_token_id,
    pad_token_id: hf.pad_token_id,
  };
  return {
    [configFile]: jsonBytes({ ...hf, torch_dtype: dtype }),
    ...(config.head === 'lm' ? { [generationFile]: jsonBytes(generation) } : {}),
    [tokenizerFile]: textBytes(tokenizer.tokenizerJson),
    [tokenizerConfigFile]: textBytes(tokenizer.tokenizerConfigJson),
  };
}

/** Contents of files in order: small ones whole, weights tensor by tensor, each to be gone through once. */
export type FileStreams = Record<string, SafetensorsStream>;

/** The files of a checkpoint that `transformers` loads as it is; equal checkpoints give equal bytes. */
export function checkpointStreams(
  checkpoint: Checkpoint,
  format: FloatFormat = 'F32',
  { maxShardBytes = Infinity }: StorageOptions = {},
): FileStreams {
  const small = smallFilesOf(checkpoint, format);
  const tensors = checkTensors(checkpoint.config, checkpoint.tensors);
  const whole = safetensorsStream(tensors, { format });
  if (whole.byteLength <= maxShardBytes) return { ...asStreams(small), [weightsFile]: whole };
  const { shards, index } = planShards(tensors, format, maxShardBytes);
  const written = shards.map(([name, part]) => [name, safetensorsStream(part, { format })] as const);
  return { ...asStreams({ ...small, [indexFile]: jsonBytes(index) }), ...Object.fromEntries(written) };
}

/** The same in memory, for small models. */
export function serializeCheckpoint(checkpoint: Checkpoint, format?: FloatFormat, options?: StorageOptions): FileMap {
  const streams = Object.entries(checkpointStreams(checkpoint, format, options));
  return Object.fromEntries(streams.map(([name, stream]) => [name, joined(stream)]));
}

const asStreams = (files: FileMap): FileStreams =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, { byteLength: bytes.length, chunks: [bytes] }]));

/** Reads a folder, tensor by tensor. Links that leave the folder are refused. */
export async function readCheckpointDir(directory: string, limits: ReadLimits = {}): Promise<Checkpoint> {
  return readCheckpoint(await ModelFolder.open(directory), limits);
}

/** Reads the files of a model wherever they are, tensor by tensor. Throws as `parseCheckpoint`. */
export async function readCheckpoint(from: ModelFiles, limits: ReadLimits = {}): Promise<Checkpoint> {
  const files = await readSmallFiles(from);
  const small = parseSmallFiles(files);
  const single = await readWeights(from, weightsFile, limits);
  if (single) return assembleCheckpoint({ ...small, tensors: single });
  const map = parseShardIndex(readText(files, indexFile, `${weightsFile} is missing`));
  const tensors = new Map<string, Tensor>();
  let room = limits.maxBytes ?? Infinity;
  for (const shard of shardNames(map)) {
    const part = await readWeights(from, shard, { maxBytes: room });
    if (!part) throw new CheckpointError(`${shard} is missing`);
    joinShard(tensors, map, shard, part);
    room -= Object.values(part).reduce((sum, { data }) => sum + data.byteLength, 0);
  }
  return assembleCheckpoint({ ...small, tensors: Object.fromEntries(tensors) });
}

/** What a model is, without its tokenizer. */
export async function readConfig(from: ModelFiles): Promise<ModelConfig> {
  const read = async (name: string): Promise<unknown> => {
    const bytes = await from.readSmall(name);
    return bytes && readJson({ [name]: bytes }, name);
  };
  const config = await read(configFile);
  if (config === undefined) throw new CheckpointError(`${configFile} is missing`);
  return parseConfigs(config, (await read(generationFile)) ?? {});
}

/** Those that describe a model, for `parseDescription` in another process. */
export async function readSmallFiles(from: ModelFiles): Promise<FileMap> {
  const found = await Promise.all(smallFiles.map(async (name) => [name, await from.readSmall(name)] as const));
  return Object.fromEntries(found.flatMap(([name, bytes]) => (bytes ? [[name, bytes]] : [])));
}

async function readWeights(from: ModelFiles, name: string, limits: ReadLimits): Promise<Tensors | undefined> {
  const source = await from.open(name);
  if (!source) return undefined;
  try {
    return (await readSafetensorsFrom(source, limits)).tensors;
  } catch (error) {
    return named(name, () => {
      throw error;
    });
  } finally {
    await source.close();
  }
}

/** Writes a folder, tensor by tensor; the names of its files. Weights of another layout that lay there before are removed. */
export async function writeCheckpointDir(
  directory: string,
  checkpoint: Checkpoint,
  format?: FloatFormat,
  options?: StorageOptions,
): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const streams = checkpointStreams(checkpoint, format, options);
  for (const name of [weightsFile, indexFile, chatTemplateFile])
    if (!Object.hasOwn(streams, name)) await rm(join(directory, name), { force: true });
  for (const [name, { chunks }] of Object.entries(streams)) await writeChunks(join(directory, name), chunks);
  return Object.keys(streams);
}

/** Puts the file's name in front of what is wrong inside of it. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SafetensorsError) throw new SafetensorsError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The tensors that the configuration requires, in forward order. Throws CheckpointError on any other. */
export function checkTensors<T extends { shape: readonly number[] }>(config: ModelConfig, given: Readonly<Record<string, T>>): Record<string, T> {
  const count = Object.keys(given).length;
  // Before the shapes of every layer are listed: a configuration can claim more layers than fit into memory.
  if (config.numLayers > count)
    throw new CheckpointError(`${config.numLayers} layers cannot be made of ${count} tensors`);
  const shapes = parameterShapes(config);
  const tensors = new Map<string, T>();
  for (const [name, tensor] of Object.entries(given)) {
    const full = parameterName(config, name);
    if (full === undefined) continue; // it repeats what follows from the configuration
    if (tensors.has(full)) throw new CheckpointError(`tensor "${full}" is listed twice, also as "${name}"`);
    tensors.set(full, tensor);
  }
  const known = Object.entries(shapes).map(([name, shape]) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new CheckpointError(`tensor "${name}" is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `tensor "${name}" has shape [${tensor.shape.join(', ')}], the config needs [${shape.join(', ')}]`,
      );
    }
    return [name, tensor] as const;
  });
  const unknown = [...tensors.keys()].find((name) => !Object.hasOwn(shapes, name));
  if (unknown !== undefined) throw new CheckpointError(`tensor "${unknown}" has no place in this model`);
  return Object.fromEntries(known);
}

function file(files: FileMap, name: string, missing = `${name} is missing`): Uint8Array {
  if (!Object.hasOwn(files, name)) throw new CheckpointError(missing);
  return files[name];
}

const readText = (files: FileMap, name: string, missing?: string): string =>
  new TextDecoder().decode(file(files, name, missing));

const readJson = (files: FileMap, name: string): unknown => parseJson(name, readText(files, name));

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${name} is not JSON: ${(error as Error).message}`);
  }
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const jsonBytes = (value: unknown): Uint8Array => textBytes(`${JSON.stringify(value, null, 2)}\n`);

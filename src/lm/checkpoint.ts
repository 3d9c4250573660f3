/**
 * A model as Hugging Face stores it, and in memory: configuration, tokenizer, tensors.
 * Everything works on a map of file names to bytes; reading and writing a folder is the last step,
 * so that an artifact store can hold the same files.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig, toHfConfig, type ModelConfig } from './config.js';
import { parameterName, parameterShapes } from './parameter-shapes.js';
import { readSafetensors, writeSafetensors, type FloatFormat, type Tensors } from './safetensors.js';
import { type TokenizerFiles } from './tokenizer.js';

export interface Checkpoint {
  config: ModelConfig;
  tokenizer: TokenizerFiles;
  tensors: Tensors;
}

export type FileMap = Record<string, Uint8Array>;

export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

const configFile = 'config.json';
const generationFile = 'generation_config.json';
const weightsFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
const tokenizerFile = 'tokenizer.json';
const tokenizerConfigFile = 'tokenizer_config.json';
const chatTemplateFile = 'chat_template.jinja';

/** Throws CheckpointError (or ConfigError, SafetensorsError) naming the file or tensor that is wrong. */
export function parseCheckpoint(files: FileMap): Checkpoint {
  const config = parseConfig(readJson(files, configFile));
  const generation = (files[generationFile] ? readJson(files, generationFile) : {}) as {
    eos_token_id?: number | number[];
  };
  const eosTokenIds = [...new Set([...config.eosTokenIds, ...[generation.eos_token_id ?? []].flat()])];
  const tokenizer = {
    tokenizerJson: readText(files, tokenizerFile),
    tokenizerConfigJson: readTokenizerConfig(files),
  };
  return { config: { ...config, eosTokenIds }, tokenizer, tensors: checkTensors(config, readWeights(files)) };
}

/** The files of a checkpoint that `transformers` loads as it is; equal checkpoints give equal bytes. */
export function serializeCheckpoint(checkpoint: Checkpoint, format: FloatFormat = 'F32'): FileMap {
  const { config, tokenizer, tensors } = checkpoint;
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
    [weightsFile]: writeSafetensors(checkTensors(config, tensors), { format }),
  };
}

/** sha256 (hex) of configuration, tokenizer and float32 tensors: what the model computes, not how it is stored. */
export function checkpointHash(checkpoint: Checkpoint): string {
  const files = serializeCheckpoint(checkpoint);
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort())
    hash.update(`${name}\n${files[name].length}\n`).update(files[name]);
  return hash.digest('hex');
}

export async function readCheckpointDir(directory: string): Promise<Checkpoint> {
  const wanted = (await readdir(directory)).filter(
    (name) => name.endsWith('.json') || name.endsWith('.safetensors') || name === chatTemplateFile,
  );
  const read = async (name: string): Promise<[string, Uint8Array]> => [
    name,
    await readFile(join(directory, name)),
  ];
  return parseCheckpoint(Object.fromEntries(await Promise.all(wanted.map(read))));
}

export async function writeCheckpointDir(
  directory: string,
  checkpoint: Checkpoint,
  format: FloatFormat = 'F32',
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const files = Object.entries(serializeCheckpoint(checkpoint, format));
  await Promise.all(files.map(([name, bytes]) => writeFile(join(directory, name), bytes)));
}

/**
 * A chat template in a file of its own counts before one in the configuration, as in transformers, and takes its
 * place there: what is saved again has one place for it.
 */
function readTokenizerConfig(files: FileMap): string {
  const text = files[tokenizerConfigFile] ? readText(files, tokenizerConfigFile) : '{}';
  if (!files[chatTemplateFile]) return text;
  const config = files[tokenizerConfigFile] ? (readJson(files, tokenizerConfigFile) as object) : {};
  return JSON.stringify({ ...config, chat_template: readText(files, chatTemplateFile) });
}

function readWeights(files: FileMap): Tensors {
  if (files[weightsFile]) return readSafetensors(files[weightsFile]).tensors;
  if (!files[indexFile]) throw new CheckpointError(`${weightsFile} is missing`);
  const { weight_map: shards } = readJson(files, indexFile) as { weight_map?: Record<string, string> };
  const names = [...new Set(Object.values(shards ?? {}))];
  return Object.assign({}, ...names.map((name) => readSafetensors(file(files, name)).tensors)) as Tensors;
}

/** Tensors by their own names, without those that repeat what follows from the configuration. */
function canonical(config: ModelConfig, tensors: Tensors): Tensors {
  const named = Object.entries(tensors).map(([name, tensor]) => [parameterName(config, name), tensor] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined)) as Tensors;
}

function checkTensors(config: ModelConfig, stored: Tensors): Tensors {
  const shapes = parameterShapes(config);
  const tensors = canonical(config, stored);
  const known = Object.entries(shapes).map(([name, shape]) => {
    const tensor = tensors[name];
    if (!tensor) throw new CheckpointError(`tensor "${name}" is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `tensor "${name}" has shape [${tensor.shape.join(', ')}], the config needs [${shape.join(', ')}]`,
      );
    }
    return [name, tensor] as const;
  });
  const unknown = Object.keys(tensors).find((name) => !Object.hasOwn(shapes, name));
  if (unknown !== undefined) throw new CheckpointError(`tensor "${unknown}" has no place in this model`);
  return Object.fromEntries(known);
}

function file(files: FileMap, name: string): Uint8Array {
  if (!files[name]) throw new CheckpointError(`${name} is missing`);
  return files[name];
}

const readText = (files: FileMap, name: string): string => new TextDecoder().decode(file(files, name));

function readJson(files: FileMap, name: string): unknown {
  try {
    return JSON.parse(readText(files, name));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${name} is not JSON: ${(error as Error).message}`);
  }
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const jsonBytes = (value: unknown): Uint8Array => textBytes(`${JSON.stringify(value, null, 2)}\n`);

/**
 * Reads what an uploaded checkpoint says about itself and refuses what no worker could run, each mistake
 * under its own problem code. Weights are checked by their headers alone.
 */
import type { ModelInfo } from '#src/artifacts/models.service.js';
import { type ProblemException, unprocessable } from '#src/common/problem.js';
import { readRange, type ByteSource } from '#src/lm/files/byte-source.js';
import { toHfConfig, type Head, type ModelConfig } from '#src/lm/model/config.js';
import { parameterShapes } from '#src/lm/model/parameter-shapes.js';
import { indexFile, weightsFile } from '#src/lm/files/shards.js';
import { checkUploadedWeights } from './uploaded-weights.js';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { TextsAnswer, UploadedTexts } from './uploaded-texts.js';

const textFiles = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', indexFile] as const;
type TextFile = (typeof textFiles)[number];

/** What a file of a model may be called: one of the texts, or safetensors. */
export const modelFileName = new RegExp(`^(${textFiles.map((name) => name.replaceAll('.', '[.]')).join('|')}|[A-Za-z0-9][A-Za-z0-9._-]{0,199}[.]safetensors)$`);

/** More shards than any model of a size that trains here has. */
export const maxModelFiles = 1000;

export type UploadedFiles = Readonly<Record<string, ByteSource>>;

/** What is parsed in this process is small; tokenizers are read in a thread. */
const maxTextBytes: Readonly<Record<TextFile, number>> = {
  'config.json': 1 << 20,
  'generation_config.json': 1 << 20,
  'tokenizer.json': 1 << 26,
  'tokenizer_config.json': 1 << 24,
  'chat_template.jinja': 1 << 20,
  [indexFile]: 1 << 24,
};

/** What is missing among these names; undefined when nothing is. Shards are compared with their index later. */
export function missingFile(names: readonly string[]): string | undefined {
  const missing = ['config.json', 'tokenizer.json'].find((name) => !names.includes(name));
  if (missing !== undefined) return missing;
  return [weightsFile, indexFile].some((name) => names.includes(name)) ? undefined : `${weightsFile}, or shards with ${indexFile}`;
}

export interface ReadModel {
  info: ModelInfo;
  /** Tokens that it reads. */
  positions: number;
}

/**
 * @param files by name; `missingFile` must find nothing to be missing
 * @throws ProblemException 422 `model_config_invalid`, `model_tokenizer_invalid`, `model_weights_invalid`, `model_file_too_large`
 */
export async function readUploadedModel(files: UploadedFiles, head: Head): Promise<ReadModel> {
  const text = (name: TextFile): Promise<string | undefined> => readText(files, name);
  const json = (await text('config.json'))!;
  const answer = await readInThread({
    config: json,
    generation: await text('generation_config.json'),
    tokenizer: (await text('tokenizer.json'))!,
    tokenizerConfig: await text('tokenizer_config.json'),
    template: await text('chat_template.jinja'),
    head,
  });
  if ('problem' in answer) throw invalid(answer.problem.code, answer.problem.file, answer.problem.message);
  await checkWeights(files, await text(indexFile), answer.config);
  const { maxPositionEmbeddings: positions } = answer.config;
  return { info: modelInfo(answer.config, JSON.parse(json) as Record<string, unknown>), positions };
}

/** What is kept about a model beside its files. */
export function modelInfo(config: ModelConfig, json: Record<string, unknown> = toHfConfig(config)): ModelInfo {
  const sizes = Object.values(parameterShapes(config)).map((shape) => shape.reduce((a, b) => a * b, 1));
  const [architecture] = toHfConfig(config).architectures as string[];
  return { architecture, parameterCount: sizes.reduce((a, b) => a + b, 0), config: json };
}

async function checkWeights(files: UploadedFiles, index: string | undefined, config: ModelConfig): Promise<void> {
  const isWeights = (name: string): boolean => name.endsWith('.safetensors');
  const weights = Object.fromEntries(Object.entries(files).filter(([name]) => isWeights(name)));
  const layout = index === undefined ? weightsFile : indexFile;
  try {
    await checkUploadedWeights(weights, index, config);
  } catch (error) {
    throw invalid('model_weights_invalid', layout, (error as Error).message);
  }
}

async function readText(files: UploadedFiles, name: TextFile): Promise<string | undefined> {
  if (!Object.hasOwn(files, name)) return undefined;
  const { bytes } = files[name];
  const most = maxTextBytes[name];
  if (bytes > most) throw invalid('model_file_too_large', name, `has ${bytes} bytes, more than ${most}`);
  return Buffer.from(await readRange(files[name], 0, bytes)).toString();
}

function invalid(code: string, name: string, why: string): ProblemException {
  const message = why.startsWith(`${name}:`) ? why : `${name}: ${why}`;
  return unprocessable(code, '/files', 'modelFile', message.slice(0, 500), name);
}

export interface ThreadLimits {
  milliseconds: number;
  megabytes: number;
}

/** The largest tokenizers (30 MB of JSON) are read in a few seconds and half of this memory. */
const usual: ThreadLimits = { milliseconds: 30_000, megabytes: 1024 };

// Compiled also where the sources themselves are run, in tests.
const entry = createRequire(import.meta.url).resolve('#src/policies/uploaded-texts-thread.js');

/**
 * Reads the texts of an uploaded checkpoint in a thread that can be ended. A chat template is a program, and a tokenizer
 * brings regular expressions: either may run without end or fill the memory, and neither may take the API down. Files whose
 * reading does not end within the limits are refused as a tokenizer that cannot be read.
 */
export function readInThread(texts: UploadedTexts, limits: ThreadLimits = usual): Promise<TextsAnswer> {
  const thread = new Worker(entry, { workerData: texts, resourceLimits: { maxOldGenerationSizeMb: limits.megabytes }, execArgv: [] });
  return new Promise<TextsAnswer>((resolve, reject) => {
    const refuse = (why: string) =>
      resolve({ problem: { code: 'model_tokenizer_invalid', file: 'tokenizer.json', message: `the tokenizer and its chat template ${why}` } });
    const timer = setTimeout(() => refuse(`were not read within ${limits.milliseconds / 1000} seconds`), limits.milliseconds);
    thread.once('message', (answer: TextsAnswer) => resolve(answer));
    thread.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') refuse(`took more than ${limits.megabytes} MB to read`);
      else reject(error);
    });
    thread.once('exit', (code) => reject(new Error(`the thread that reads uploads ended with ${code}`)));
    thread.once('exit', () => clearTimeout(timer));
  }).finally(() => thread.terminate());
}

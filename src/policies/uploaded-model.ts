/**
 * Reads what an uploaded checkpoint says about itself and refuses what no worker could run, each mistake
 * under its own problem code. Weights are checked by their headers alone.
 */
import type { ModelInfo } from '#src/artifacts/models.service.js';
import { cut } from '#src/common/text.js';
import { type ProblemException, unprocessable } from '#src/common/problem.js';
import { SandboxedError, SandboxLimitError, sandbox } from '#src/common/sandbox.js';
import { readRange, type ByteSource } from '#src/lm/files/byte-source.js';
import { toHfConfig, type Head, type ModelConfig } from '#src/lm/model/config.js';
import { parameterShapes } from '#src/lm/model/parameter-shapes.js';
import { SafetensorsError } from '#src/lm/files/safetensors.js';
import { indexFile, weightsFile } from '#src/lm/files/shards.js';
import { sandboxProblem } from './sandbox-problem.js';
import type * as Texts from './uploaded-texts.js';
import type * as Weights from './uploaded-weights.js';
import { readHeaders } from './uploaded-weights.js';

const textFiles = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', indexFile] as const;
type TextFile = (typeof textFiles)[number];

/** Allowed file names of a model: its text files, or safetensors. */
export const modelFileName = new RegExp(`^(${textFiles.map((name) => name.replaceAll('.', '[.]')).join('|')}|[A-Za-z0-9][A-Za-z0-9._-]{0,199}[.]safetensors)$`);

/** More shards than any model of a size that trains here has. */
export const maxModelFiles = 1000;

export type UploadedFiles = Readonly<Record<string, ByteSource>>;

/** Only small files are parsed in this process; tokenizers and headers are read in a child process. */
const maxTextBytes: Readonly<Record<TextFile, number>> = {
  'config.json': 1 << 20,
  'generation_config.json': 1 << 20,
  'tokenizer.json': 1 << 26,
  'tokenizer_config.json': 1 << 24,
  'chat_template.jinja': 1 << 20,
  [indexFile]: 1 << 24,
};

/** The first missing file; undefined if none is. Shards are compared with their index later. */
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
  const answer = await readTexts({
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

/** The largest tokenizers (30 MB of JSON) are read in a few seconds. */
const readMilliseconds = 30_000;

/** Files that exceed the limits while being read are refused as an invalid tokenizer. */
async function readTexts(texts: Texts.UploadedTexts): Promise<Texts.TextsAnswer> {
  try {
    return await sandbox.call<typeof Texts, 'readUploadedTexts'>('#src/policies/uploaded-texts.js', 'readUploadedTexts', [texts], { milliseconds: readMilliseconds });
  } catch (error) {
    if (!(error instanceof SandboxLimitError)) throw sandboxProblem(error, '/files');
    return { problem: { code: 'model_tokenizer_invalid', file: 'tokenizer.json', message: `reading the tokenizer and its chat template ${error.message}` } };
  }
}

/** Metadata stored with a model's files. */
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
    const headers = await readHeaders(weights);
    await sandbox.call<typeof Weights, 'checkUploadedWeights'>('#src/policies/uploaded-weights.js', 'checkUploadedWeights', [headers, index, config], { milliseconds: readMilliseconds });
  } catch (error) {
    const isTheirs = error instanceof SandboxedError || error instanceof SandboxLimitError || error instanceof SafetensorsError;
    if (!isTheirs) throw sandboxProblem(error, '/files');
    throw invalid('model_weights_invalid', layout, (error as Error).message);
  }
}

async function readText(files: UploadedFiles, name: TextFile): Promise<string | undefined> {
  if (!Object.hasOwn(files, name)) return undefined;
  const { bytes } = files[name];
  const most = maxTextBytes[name];
  if (bytes > most) throw invalid('model_file_too_large', name, `has ${bytes} bytes; the limit is ${most}`);
  return Buffer.from(await readRange(files[name], 0, bytes)).toString();
}

function invalid(code: string, name: string, why: string): ProblemException {
  const message = why.startsWith(`${name}:`) ? why : `${name}: ${why}`;
  return unprocessable(code, '/files', 'modelFile', cut(message, 500), name);
}

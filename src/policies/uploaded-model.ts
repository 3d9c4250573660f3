/**
 * Reads what an uploaded checkpoint says about itself and refuses what no worker could run, each mistake
 * under its own problem code. Weights are checked by their header alone.
 */
import type { ModelInfo } from '#src/artifacts/models.service.js';
import { type ProblemException, unprocessable } from '#src/common/problem.js';
import { chatFraming } from '#src/lm/chat.js';
import { withChatTemplate } from '#src/lm/checkpoint.js';
import { parseConfig, toHfConfig, type ModelConfig } from '#src/lm/config.js';
import { parameterShapes } from '#src/lm/parameter-shapes.js';
import { Tokenizer } from '#src/lm/tokenizer.js';
import { checkHeader, headerLength } from './weights-header.js';

export const modelFileNames = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'model.safetensors',
] as const;
export type ModelFileName = (typeof modelFileNames)[number];

export const neededFiles: readonly ModelFileName[] = ['config.json', 'tokenizer.json', 'model.safetensors'];

/** A file of which any part can be read. */
export interface ReadableFile {
  bytes: number;
  read(start: number, length: number): Promise<Uint8Array>;
}

const maxJsonBytes = 64 * 1024 * 1024;

/**
 * @throws ProblemException 422 `model_config_invalid`, `model_tokenizer_invalid`, `model_weights_invalid`;
 *   `files` must hold the needed ones
 */
export async function readUploadedModel(files: Partial<Record<ModelFileName, ReadableFile>>): Promise<ModelInfo> {
  const text = (name: ModelFileName) => readText(files[name]!, name);
  const json = await text('config.json');
  const config = refuse('model_config_invalid', 'config.json', () => policyConfig(json));
  if (files['generation_config.json']) {
    const generation = await text('generation_config.json');
    refuse('model_config_invalid', 'generation_config.json', () => JSON.parse(generation) as unknown);
  }
  const tokenizerJson = await text('tokenizer.json');
  const tokenizerConfig = files['tokenizer_config.json'] ? await text('tokenizer_config.json') : '{}';
  const template = files['chat_template.jinja'] ? await text('chat_template.jinja') : undefined;
  refuse('model_tokenizer_invalid', 'tokenizer.json', () => {
    const tokenizerConfigJson = template === undefined ? tokenizerConfig : withChatTemplate(tokenizerConfig, template);
    checkTokenizer(Tokenizer.fromFiles({ tokenizerJson, tokenizerConfigJson }), config);
  });
  const weights = files['model.safetensors']!;
  const firstEight = await weights.read(0, Math.min(8, weights.bytes));
  const length = refuse('model_weights_invalid', 'model.safetensors', () => headerLength(firstEight, weights.bytes));
  const header = Buffer.from(await weights.read(8, length)).toString();
  refuse('model_weights_invalid', 'model.safetensors', () => checkHeader(header, config, weights.bytes - 8 - length));
  return modelInfo(config, JSON.parse(json) as Record<string, unknown>);
}

/** What is kept about a model beside its files. */
export function modelInfo(config: ModelConfig, json: Record<string, unknown> = toHfConfig(config)): ModelInfo {
  const sizes = Object.values(parameterShapes(config)).map((shape) => shape.reduce((a, b) => a * b, 1));
  const [architecture] = toHfConfig(config).architectures as string[];
  return { architecture, parameterCount: sizes.reduce((a, b) => a + b, 0), config: json };
}

function policyConfig(json: string): ModelConfig {
  const config = parseConfig(JSON.parse(json));
  if (config.head === 'reward') throw new Error('a reward model cannot be a policy');
  return config;
}

function checkTokenizer(tokenizer: Tokenizer, config: ModelConfig): void {
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(`the tokenizer has ${tokenizer.vocabSize} tokens, the configuration only ${config.vocabSize}`);
  }
  // Throws when its chat template cannot frame a prompt.
  chatFraming(tokenizer);
}

async function readText(file: ReadableFile, name: ModelFileName): Promise<string> {
  if (file.bytes > maxJsonBytes) throw invalid('model_file_too_large', name, `has more than ${maxJsonBytes} bytes`);
  return Buffer.from(await file.read(0, file.bytes)).toString();
}

function refuse<T>(code: string, name: ModelFileName, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalid(code, name, (error as Error).message);
  }
}

function invalid(code: string, name: ModelFileName, why: string): ProblemException {
  return unprocessable(code, '/files', 'modelFile', `${name}: ${why}`.slice(0, 500), name);
}

/**
 * Hugging Face `config.json` of the known families <-> a typed, validated ModelConfig.
 * What this engine does not compute (other activations, rope scalings, sliding windows) is refused
 * by name instead of being silently ignored.
 */
import { ConfigError, count, tokenIds, type Json } from './config-fields.js';
import { readGpt2, writeGpt2 } from './config-gpt2.js';
import { readRotary, writeRotary } from './config-rotary.js';
import { families, familyOf } from './families.js';
import { configFields, generationFields, unknownField } from './known-fields.js';
import { familyNames, type FamilyName, type ModelConfig } from './model-config.js';

export { ConfigError };
export type { Head, ModelConfig } from './model-config.js';

/** Throws ConfigError naming the field for anything missing, malformed or not supported. */
export function parseConfig(value: unknown): ModelConfig {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError('config.json is not an object');
  }
  const json = value as Json;
  const family = readFamily(json);
  const unknown = unknownField(json, family === 'gpt2' ? configFields.gpt2 : configFields.rotary);
  if (unknown !== undefined) throw notComputed(unknown, json[unknown]);
  checkArchitecture(json, family);
  const tied = json.tie_word_embeddings ?? families[family].tiedByDefault;
  return {
    ...(family === 'gpt2' ? readGpt2(json) : readRotary(json, family)),
    vocabSize: count(json, 'vocab_size'),
    tieWordEmbeddings: tied === true,
    bosTokenId: tokenIds(json, 'bos_token_id')[0] ?? null,
    eosTokenIds: tokenIds(json, 'eos_token_id'),
    padTokenId: tokenIds(json, 'pad_token_id')[0] ?? null,
    head: isReward(json) ? 'reward' : 'lm',
  };
}

/** As `parseConfig`, with the ends that `generation_config.json` adds. */
export function parseConfigs(config: unknown, generation: unknown): ModelConfig {
  const parsed = parseConfig(config);
  const eos = generationEos(generation);
  return { ...parsed, eosTokenIds: [...new Set([...parsed.eosTokenIds, ...eos])] };
}

const generationFile = 'generation_config.json';

function generationEos(generation: unknown): number[] {
  const json = (generation ?? {}) as Json;
  const unknown = unknownField(json, generationFields);
  if (unknown !== undefined) throw notComputed(`${generationFile}: ${unknown}`, json[unknown]);
  try {
    return tokenIds(json, 'eos_token_id');
  } catch (error) {
    throw new ConfigError(`${generationFile}: ${(error as Error).message}`, { cause: error });
  }
}

function notComputed(field: string, value: unknown): ConfigError {
  return new ConfigError(`${field} ${JSON.stringify(value).slice(0, 100)} is not supported: the field is unknown and may change what the model computes`);
}

/** The `config.json` that transformers, vLLM and this file's parser read back. */
export function toHfConfig(config: ModelConfig): Json {
  const eos = config.eosTokenIds;
  const { architectures, modelType, positions } = familyOf(config);
  return {
    architectures: [architectures[config.head]],
    model_type: modelType,
    ...(positions === 'learned' ? writeGpt2(config) : writeRotary(config)),
    torch_dtype: 'float32',
    bos_token_id: config.bosTokenId,
    eos_token_id: eos.length > 1 ? eos : (eos[0] ?? null),
    pad_token_id: config.padTokenId,
    // transformers derives num_labels from id2label; one label makes the head a regression.
    ...(config.head === 'reward'
      ? { num_labels: 1, id2label: { 0: 'reward' }, label2id: { reward: 0 } }
      : {}),
  };
}

function readFamily(json: Json): FamilyName {
  const type = json.model_type ?? 'llama';
  const family = familyNames.find((name) => families[name].readAs.includes(type as string));
  if (family) return family;
  const known = familyNames.flatMap((name) => families[name].readAs).join(', ');
  throw new ConfigError(`model_type ${JSON.stringify(type)} is not supported; known are ${known}`);
}

/** Mistral's classes count as Llama's, as its `model_type` does. A class without a head is completed by tied embeddings. */
function checkArchitecture(json: Json, family: FamilyName): void {
  const given = [json.architectures ?? []].flat() as unknown[];
  const { lm, reward } = families[family].architectures;
  const known = [lm, reward, lm.replace(/(ForCausalLM|LMHeadModel)$/, 'Model')];
  const other = given.find((name) => typeof name !== 'string' || !known.includes(name.replace(/^Mistral/, 'Llama')));
  if (other !== undefined) throw new ConfigError(`architecture ${JSON.stringify(other)} is not supported; known are ${known.join(', ')}`);
}

function isReward(json: Json): boolean {
  const architectures = Array.isArray(json.architectures) ? (json.architectures as unknown[]) : [];
  if (!architectures.some((name) => String(name).endsWith('ForSequenceClassification'))) return false;
  const labels = typeof json.id2label === 'object' && json.id2label ? Object.keys(json.id2label).length : 2;
  if ((json.num_labels ?? labels) !== 1) throw new ConfigError('a reward model must have num_labels 1');
  return true;
}

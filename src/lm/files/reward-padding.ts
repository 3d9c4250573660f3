/**
 * The pad token of a reward model. transformers reads a reward at the last token that is not `pad_token_id`, and takes no
 * batch without one (`GenericForSequenceClassification`). Many policies pad with their end-of-turn token (SmolLM2) or with
 * nothing (Llama 3, GPT-2); read like that, a text that ends in the marker loses it. So a reward model pads with a token
 * that ends nothing, and is then read at the same token here and there.
 */
import { f32, floats } from '#src/nn/tensor.js';
import { chatFraming } from '../text/chat.js';
import { type Checkpoint } from './checkpoint.js';
import { type ModelConfig } from '../model/config.js';
import { embeddingOf } from '../model/parameter-shapes.js';
import { type Tensors } from './safetensors.js';
import { Tokenizer, type TokenizerFiles } from '../text/tokenizer.js';

interface PadToken {
  id: number;
  content: string;
}

/**
 * The policy `checkpoint` with a pad token fit for the reward model it becomes, in both of its configurations: its own
 * where that ends nothing, else another special token that stands for nothing, else a new one with a row of zeros.
 */
export function withRewardPadding(checkpoint: Checkpoint): Checkpoint {
  const { config, tensors, tokenizer: files } = checkpoint;
  const tokenizer = Tokenizer.fromFiles(files);
  const known = freePadToken(tokenizer, config);
  const pad = known ?? newPadToken(tokenizer, files);
  if (known?.id === config.padTokenId && known.id === tokenizer.padTokenId) return checkpoint;
  const vocabSize = Math.max(config.vocabSize, pad.id + 1);
  return {
    config: { ...config, vocabSize, padTokenId: pad.id },
    tokenizer: { tokenizerJson: known ? files.tokenizerJson : withToken(files.tokenizerJson, pad), tokenizerConfigJson: withPad(files.tokenizerConfigJson, pad) },
    tensors: vocabSize === config.vocabSize ? tensors : withRows(tensors, config, vocabSize),
  };
}

/** In the order of how little they mean: what is called padding, what stands for the unknown, what is reserved. */
function freePadToken(tokenizer: Tokenizer, config: ModelConfig): PadToken | undefined {
  const { specialTokens, namedTokens, bosTokenId } = tokenizer;
  const taken = new Set([...config.eosTokenIds, ...chatFraming(tokenizer).stopTokenIds, config.bosTokenId, bosTokenId]);
  const free = [...specialTokens].map(([content, id]) => ({ content, id })).filter(({ id }) => !taken.has(id) && id < config.vocabSize);
  const first = (fits: (token: PadToken) => boolean): PadToken | undefined => free.find(fits);
  return (
    first(({ id }) => id === config.padTokenId) ??
    first(({ id }) => id === tokenizer.padTokenId) ??
    first(({ content }) => /pad/i.test(content)) ??
    first(({ content }) => content === namedTokens.unk_token) ??
    first(({ content }) => /reserved|unused/i.test(content))
  );
}

/** The first id that no token has, which may be a spare row of the embedding. */
function newPadToken(tokenizer: Tokenizer, { tokenizerJson }: TokenizerFiles): PadToken {
  const names = ['<|pad|>', '<|reward_pad|>', '<|plumbline_pad|>'];
  const content = names.find((name) => tokenizer.tokenId(name) === undefined);
  if (content === undefined) throw new RangeError(`the tokenizer already has ${names.join(', ')}, none of which can be the pad token`);
  const { model, added_tokens: added = [] } = JSON.parse(tokenizerJson) as { model: { vocab: unknown }; added_tokens?: { id: number }[] };
  // Unigram lists its tokens in the order of their ids.
  const ids = Array.isArray(model.vocab) ? [model.vocab.length - 1] : Object.values(model.vocab as Record<string, number>);
  return { id: [...ids, ...added.map(({ id }) => id)].reduce((a, b) => Math.max(a, b), -1) + 1, content };
}

function withToken(tokenizerJson: string, { id, content }: PadToken): string {
  const json = JSON.parse(tokenizerJson) as { added_tokens?: object[] };
  const token = { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return JSON.stringify({ ...json, added_tokens: [...(json.added_tokens ?? []), token] });
}

function withPad(tokenizerConfigJson: string, { content }: PadToken): string {
  return JSON.stringify({ ...(JSON.parse(tokenizerConfigJson) as object), pad_token: content }, null, 2);
}

function withRows(tensors: Tensors, config: ModelConfig, rows: number): Tensors {
  const name = embeddingOf(config);
  const wide = new Float32Array(rows * config.hiddenSize);
  wide.set(floats(tensors[name]));
  return { ...tensors, [name]: f32(wide, [rows, config.hiddenSize]) };
}

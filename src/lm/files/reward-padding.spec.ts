import { expect, test } from 'vitest';
import { floats } from '#src/nn/tensor.js';
import { type Checkpoint } from './checkpoint.js';
import { withRewardPadding } from './reward-padding.js';
import { tinyConfigs } from '../model/tiny-model.fixture.js';
import { Tokenizer } from '../text/tokenizer.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { initWeights } from './weights.js';

interface Given {
  special: string[];
  eos: string;
  pad?: string;
  roles?: Record<string, string>;
  family?: 'llama' | 'gpt2';
  /** Rows of the embedding that no token has. */
  spare?: number;
}

function policy({ special, eos, pad, roles = {}, family = 'llama', spare = 0 }: Given): Checkpoint {
  const trained = trainBpe([], { merges: 0, specialTokens: special, eos });
  const config = { ...(JSON.parse(trained.tokenizerConfigJson) as object), ...roles, ...(pad === undefined ? {} : { pad_token: pad }) };
  const tokenizer = { ...trained, tokenizerConfigJson: JSON.stringify(config) };
  const { vocabSize, eosTokenId, padTokenId } = Tokenizer.fromFiles(tokenizer);
  const sizes = { ...tinyConfigs[family], vocabSize: vocabSize + spare, eosTokenIds: [eosTokenId!], padTokenId };
  return { config: sizes, tokenizer, tensors: initWeights(sizes, 1) };
}

/** The pad token by both configurations, which must agree. */
function padOf({ config, tokenizer }: Checkpoint): string {
  const { padTokenId, namedTokens, specialTokens } = Tokenizer.fromFiles(tokenizer);
  expect(padTokenId).toBe(config.padTokenId);
  expect(specialTokens.get(namedTokens.pad_token)).toBe(config.padTokenId);
  expect(config.eosTokenIds).not.toContain(config.padTokenId);
  return namedTokens.pad_token;
}

test.each<[string, Given, string]>([
  ['SmolLM2, which pads with its end of turn', { special: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'], eos: '<|im_end|>', pad: '<|im_end|>', roles: { unk_token: '<|endoftext|>', bos_token: '<|im_start|>' } }, '<|endoftext|>'],
  ['Llama 3.1, which has no pad token', { special: ['<|begin|>', '<|eot|>', '<|finetune_right_pad_id|>'], eos: '<|eot|>' }, '<|finetune_right_pad_id|>'],
  ['Llama 3', { special: ['<|begin|>', '<|eot|>', '<|reserved_special_token_0|>'], eos: '<|eot|>' }, '<|reserved_special_token_0|>'],
  ['Qwen, whose pad token ends nothing', { special: ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|fim_pad|>'], eos: '<|im_end|>', pad: '<|fim_pad|>' }, '<|fim_pad|>'],
])('%s', (_, given, wanted) => {
  const before = policy(given);
  const after = withRewardPadding(before);
  expect(padOf(after)).toBe(wanted);
  expect(after.tensors).toBe(before.tensors);
  expect(after.tokenizer.tokenizerJson).toBe(before.tokenizer.tokenizerJson);
});

test('a pad token that is fit stays, and so does everything else', () => {
  const good = policy({ special: ['<|pad|>', '<|end|>'], eos: '<|end|>', pad: '<|pad|>' });
  expect(withRewardPadding(good)).toBe(good);
});

test.each(['llama', 'gpt2'] as const)('a %s whose only special token ends texts gets another one, with a row of zeros', (family) => {
  const before = policy({ special: ['<|endoftext|>'], eos: '<|endoftext|>', pad: '<|endoftext|>', family });
  const after = withRewardPadding(before);
  expect(padOf(after)).toBe('<|pad|>');
  const { vocabSize, hiddenSize } = before.config;
  expect(after.config).toMatchObject({ vocabSize: vocabSize + 1, padTokenId: vocabSize });
  const name = family === 'gpt2' ? 'transformer.wte.weight' : 'model.embed_tokens.weight';
  expect(after.tensors[name].shape).toEqual([vocabSize + 1, hiddenSize]);
  expect([...floats(after.tensors[name])]).toEqual([...floats(before.tensors[name]), ...new Array<number>(hiddenSize).fill(0)]);
  const ids = (files: Checkpoint['tokenizer']) => Tokenizer.fromFiles(files).encode('any text <|pad|> <|endoftext|>');
  expect(ids(after.tokenizer)).toEqual(ids(before.tokenizer));
});

test('a spare row of the embedding is used before one is added', () => {
  const before = policy({ special: ['<|endoftext|>'], eos: '<|endoftext|>', spare: 3 });
  const after = withRewardPadding(before);
  expect(padOf(after)).toBe('<|pad|>');
  expect(after.config.vocabSize).toBe(before.config.vocabSize);
  expect(after.tensors).toBe(before.tensors);
});

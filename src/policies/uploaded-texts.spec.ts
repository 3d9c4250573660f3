import { expect, test } from 'vitest';
import { toHfConfig } from '#src/lm/model/config.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { readUploadedTexts, type UploadedTexts } from './uploaded-texts.js';

const { tokenizerJson } = trainBpe([], { merges: 0, specialTokens: ['<|endoftext|>'], eos: '<|endoftext|>' });
const config = { ...toHfConfig({ ...tinyConfig, family: 'gpt2', numKeyValueHeads: 4, headDim: 4, vocabSize: 300 }), eos_token_id: null };
const texts = (change: Partial<UploadedTexts>): UploadedTexts => ({ config: JSON.stringify(config), tokenizer: tokenizerJson, tokenizerConfig: '{"model_max_length": 1024}', head: 'lm', ...change });
const end = 256;

test('case 37: a policy of which nothing says where its answers end is refused', () => {
  expect(readUploadedTexts(texts({}))).toMatchObject({ problem: { code: 'model_tokenizer_invalid', message: expect.stringContaining('the model has no end-of-sequence token') } });
});

test('case 37: config.json, generation_config.json or tokenizer_config.json may say it', () => {
  const at = JSON.stringify({ eos_token_id: end });
  expect(readUploadedTexts(texts({ config: JSON.stringify({ ...config, eos_token_id: end }) }))).toMatchObject({ config: { eosTokenIds: [end] } });
  expect(readUploadedTexts(texts({ generation: at, tokenizerConfig: undefined }))).toMatchObject({ config: { eosTokenIds: [end] } });
  expect(readUploadedTexts(texts({ tokenizerConfig: '{"eos_token": "<|endoftext|>"}' }))).toHaveProperty('config');
  expect(readUploadedTexts(texts({ generation: '{"eos_token_id": 299}' }))).toMatchObject({ problem: { message: 'config.json: eos_token_id 299 is not a token of tokenizer.json' } });
});

// What the engine does not compute is refused by name; what changes nothing is listed. Numbers are those of the cases file.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAdapter } from '../lora/adapter.js';
import { ChatTemplateError } from '../text/chat-template.js';
import { chatFraming } from '../text/chat.js';
import { parseConfig, parseConfigs } from './config.js';
import { ggufFile } from '../files/gguf/gguf.fixture.js';
import { toHuggingFaceConfig } from '../files/gguf/architecture.js';
import { parseGgufHeader } from '../files/gguf/header.js';
import { toTokenizerFiles } from '../files/gguf/tokenizer.js';
import { readSafetensors } from '../files/safetensors.js';
import { tinyConfig } from './tiny-model.fixture.js';
import { Tokenizer } from '../text/tokenizer.js';
import { withEnds } from '../files/token-roles.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';

type Json = Record<string, unknown>;
const root = new URL('../../..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** As the Hub has them, with what their makers wrote beside the sizes. */
const llama2: Json = {
  _name_or_path: 'meta-llama/Llama-2-7b-hf', architectures: ['LlamaForCausalLM'], attention_bias: false, attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 2,
  hidden_act: 'silu', hidden_size: 4096, initializer_range: 0.02, intermediate_size: 11008, max_position_embeddings: 4096, model_type: 'llama',
  num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 32, pretraining_tp: 1, rms_norm_eps: 1e-5, rope_scaling: null, rope_theta: 10000.0,
  tie_word_embeddings: false, torch_dtype: 'float16', transformers_version: '4.31.0.dev0', use_cache: true, vocab_size: 32000,
};
const llama3: Json = {
  ...llama2, _name_or_path: undefined, bos_token_id: 128000, eos_token_id: [128001, 128008, 128009], head_dim: 64, hidden_size: 2048, mlp_bias: false,
  max_position_embeddings: 131072, num_key_value_heads: 8, rope_theta: 500000.0, tie_word_embeddings: true, vocab_size: 128256,
  rope_scaling: { factor: 32.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192, rope_type: 'llama3' },
};
const smollm2: Json = {
  ...llama2, is_llama_config: true, rope_interleaved: false, 'transformers.js_config': { dtype: 'q4', kv_cache_dtype: { q4f16: 'float16' } }, pad_token_id: 2,
  rope_theta: 100000, hidden_size: 576, intermediate_size: 1536, num_attention_heads: 9, num_key_value_heads: 3, vocab_size: 49152, tie_word_embeddings: true,
};
const mistral: Json = {
  architectures: ['MistralForCausalLM'], attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 2, hidden_act: 'silu', hidden_size: 4096, initializer_range: 0.02,
  intermediate_size: 14336, max_position_embeddings: 32768, model_type: 'mistral', num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8,
  rms_norm_eps: 1e-5, rope_theta: 1e6, sliding_window: null, tie_word_embeddings: false, torch_dtype: 'bfloat16', transformers_version: '4.36.0', use_cache: true, vocab_size: 32000,
};
const qwen2: Json = {
  architectures: ['Qwen2ForCausalLM'], attention_dropout: 0.0, bos_token_id: 151643, eos_token_id: 151645, hidden_act: 'silu', hidden_size: 896, initializer_range: 0.02,
  intermediate_size: 4864, max_position_embeddings: 32768, max_window_layers: 21, model_type: 'qwen2', num_attention_heads: 14, num_hidden_layers: 24,
  num_key_value_heads: 2, rms_norm_eps: 1e-6, rope_theta: 1e6, sliding_window: 32768, tie_word_embeddings: true, torch_dtype: 'bfloat16',
  transformers_version: '4.43.1', use_cache: true, use_mrope: false, use_sliding_window: false, vocab_size: 151936,
};
const qwen3: Json = { ...qwen2, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', attention_bias: false, head_dim: 128, rope_scaling: null, sliding_window: null, max_position_embeddings: 40960 };
const gpt2: Json = {
  activation_function: 'gelu_new', architectures: ['GPT2LMHeadModel'], attn_pdrop: 0.1, bos_token_id: 50256, embd_pdrop: 0.1, eos_token_id: 50256, initializer_range: 0.02,
  layer_norm_epsilon: 1e-5, model_type: 'gpt2', n_ctx: 1024, n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1024, resid_pdrop: 0.1, summary_activation: null,
  summary_first_dropout: 0.1, summary_proj_to_labels: true, summary_type: 'cls_index', summary_use_proj: true,
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } }, vocab_size: 50257,
};

describe('config.json', () => {
  it.each(Object.entries({ llama2, llama3, smollm2, mistral, qwen2, qwen3, gpt2 }))('of %s is read as the Hub has it', (_, json) => {
    expect(parseConfig(JSON.parse(JSON.stringify(json))).numLayers).toBeGreaterThan(0);
  });

  it.each<[Json, RegExp]>([
    [{ attention_multiplier: 0.5 }, /attention_multiplier 0.5 is not supported: the field is unknown/],
    [{ quantization_config: { quant_method: 'awq' } }, /quantization_config \{"quant_method":"awq"\} is not supported/],
    [{ quantization: { group_size: 64, bits: 4 } }, /quantization/],
    [{ is_encoder_decoder: true }, /is_encoder_decoder/],
    [{ pruned_heads: { 0: [1] } }, /pruned_heads/],
    [{ architectures: ['LlamaForCausalLMEagle3'] }, /architecture "LlamaForCausalLMEagle3"/],
    [{ architectures: ['LlamaForTokenClassification'] }, /architecture/],
    [{ rope_scaling: { rope_type: 'linear', factor: 2, attention_factor: 0.5 } }, /rope_scaling with attention_factor/],
  ])('with %j is refused by name', (change, message) => {
    expect(() => parseConfig({ ...llama2, ...change })).toThrow(message);
  });

  it('may leave unknown fields unset', () => {
    expect(() => parseConfig({ ...llama2, quantization_config: null, use_new_norm: false, pruned_heads: {} })).not.toThrow();
  });
});

describe('generation_config.json', () => {
  const instruct = { bos_token_id: 1, do_sample: true, eos_token_id: [2, 3], pad_token_id: 0, repetition_penalty: 1.1, temperature: 0.7, top_k: 20, top_p: 0.8, transformers_version: '4.37.0' };

  it('adds its ends, and its defaults of decoding are those of every request', () => {
    expect(parseConfigs(llama2, instruct).eosTokenIds).toEqual([2, 3]);
  });

  it.each([['suppress_tokens', [5]], ['begin_suppress_tokens', [5]], ['forced_bos_token_id', 5], ['bad_words_ids', [[5]]], ['guidance_scale', 2], ['stop_strings', ['x']]])('with %s is refused by name', (field, value) => {
    expect(() => parseConfigs(llama2, { [field]: value })).toThrow(`generation_config.json: ${field}`);
  });
});

const special = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const bytes = trainBpe([], { merges: 0, specialTokens: special, eos: '<|im_end|>' });
const withConfig = (config: Json, json: (given: Json) => Json = (given) => given): Tokenizer =>
  Tokenizer.fromFiles({ tokenizerJson: JSON.stringify(json(JSON.parse(bytes.tokenizerJson) as Json)), tokenizerConfigJson: JSON.stringify(config) });

describe('tokenizers', () => {
  it('case 30: added tokens that are looked for in normalized text', () => {
    const folder = 'test/golden/tokenizers/llama2-normalized';
    const json = JSON.parse(read(`${folder}/tokenizer.json`)) as { added_tokens: Json[] };
    expect(json.added_tokens.every(({ normalized }) => normalized === true)).toBe(true);
    const tokenizer = Tokenizer.fromFiles({ tokenizerJson: JSON.stringify(json), tokenizerConfigJson: read(`${folder}/tokenizer_config.json`) });
    const bakery = tokenizer.tokenId('bakery');
    // Within a word the normalizer puts no mark, so that the token is not there; tokenizer-golden.spec.ts has the ids of Rust.
    expect(tokenizer.encode('xbakery')).not.toContain(bakery);
    expect(tokenizer.encode('x bakery')).toContain(bakery);
    expect(tokenizer.decode(tokenizer.encode('x bakery'))).toBe('x bakery');
    // What users write forges no marker, also where it is joined with the template's text before it is normalized.
    const joined = tokenizer.encodeParts([{ text: '<s>', trusted: true }, { text: ' <s>x', trusted: false }, { text: ' </s>', trusted: true }]);
    expect(joined.filter((id) => id === tokenizer.tokenId('<s>'))).toHaveLength(1);
    expect(joined.at(-1)).toBe(tokenizer.tokenId('</s>'));
  });

  it.each<[string, Json, RegExp]>([
    ['an option', { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true, trim: 1 } }, /ByteLevel with trim 1/],
    ['another part', { truncated_words: true }, /tokenizer.json with truncated_words/],
    ['another post-processor', { post_processor: { type: 'Rewriting' } }, /post-processor "Rewriting"/],
    ['random merges', { model: { ...(JSON.parse(bytes.tokenizerJson) as { model: Json }).model, dropout: 0.1 } }, /BPE with dropout 0.1/],
  ])('with %s that is not known are refused by name', (_, change, message) => {
    expect(() => withConfig({}, (given) => ({ ...given, ...change }))).toThrow(message);
  });

  it.each<[Json, RegExp]>([
    [{ lowercase_first: true }, /lowercase_first is not supported/],
    [{ split_special_tokens: true }, /split_special_tokens/],
    [{ added_tokens_decoder: { 0: { content: '<|endoftext|>', special: false } } }, /added_tokens_decoder has "<|endoftext|>" otherwise/],
    [{ added_tokens_decoder: { 900: { content: '<new>', special: true } } }, /added_tokens_decoder has "<new>"/],
    [{ additional_special_tokens: ['<new>'] }, /additional_special_tokens has "<new>"/],
  ])('whose configuration has %j are refused by name', (config, message) => {
    expect(() => withConfig(config)).toThrow(message);
  });

  it('have the configurations of the Hub', () => {
    const added = { lstrip: false, normalized: false, rstrip: false, single_word: false, special: true };
    const id = withConfig({}).tokenId('<|im_end|>')!;
    const qwen = { add_bos_token: false, add_prefix_space: false, added_tokens_decoder: { [id]: { content: '<|im_end|>', ...added } }, additional_special_tokens: ['<|im_start|>', '<|im_end|>'], bos_token: null, clean_up_tokenization_spaces: false, eos_token: '<|im_end|>', errors: 'replace', model_max_length: 131072, pad_token: '<|endoftext|>', split_special_tokens: false, tokenizer_class: 'Qwen2Tokenizer', unk_token: null, extra_special_tokens: {} };
    const llama = { add_eos_token: false, legacy: false, sp_model_kwargs: {}, padding_side: 'right', use_default_system_prompt: false, bos_token: { __type: 'AddedToken', content: '<|endoftext|>' }, model_input_names: ['input_ids'], tokenizer_class: 'LlamaTokenizer', image_token: '<|endoftext|>' };
    for (const config of [qwen, llama, {}]) expect(withConfig(config).vocabSize).toBeGreaterThan(256);
  });

  const ends = { ...tinyConfig, vocabSize: 300 };
  it('case 37: the ends that config.json names alone', () => {
    const files = { tokenizerJson: bytes.tokenizerJson, tokenizerConfigJson: '{"model_max_length": 1024}' };
    const id = withConfig({}).tokenId('<|endoftext|>')!;
    const tokenizer = Tokenizer.fromFiles(withEnds(files, { ...ends, bosTokenId: id, eosTokenIds: [id] }));
    expect(tokenizer).toMatchObject({ bosTokenId: id, eosTokenId: id });
    // ChatML's markers are there, and end the turn; without them the end of the text does.
    const plain = trainBpe([], { merges: 0, specialTokens: ['<|endoftext|>'], eos: '<|endoftext|>' });
    const gpt = { tokenizerJson: plain.tokenizerJson, tokenizerConfigJson: '{}' };
    const end = Tokenizer.fromFiles(gpt).tokenId('<|endoftext|>')!;
    expect(chatFraming(Tokenizer.fromFiles(withEnds(gpt, { ...ends, eosTokenIds: [end] }))).encodeCompletion('ok').at(-1)).toBe(end);
    expect(() => withEnds(gpt, { ...ends, eosTokenIds: [290] })).toThrow('eos_token_id 290 is not a token of tokenizer.json');
    // Qwen2 names a begin in config.json and says in tokenizer_config.json that texts have none.
    expect(Tokenizer.fromFiles(withEnds({ ...gpt, tokenizerConfigJson: '{"bos_token": null}' }, { ...ends, bosTokenId: end, eosTokenIds: [end] })).bosTokenId).toBeNull();
  });
});

describe('case 25: a template whose prompt ends in an open thought', () => {
  const turn = (inner: string, ask = '<think>\n'): string =>
    `{% for m in messages %}{% if m.role == 'user' %}<|im_start|>user\n{{ m.content }}<|im_end|>\n{% else %}<|im_start|>assistant\n${inner}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n${ask}{% endif %}`;
  const closing = turn("{% set c = m.content %}{% if '</think>' in c %}{% set r = c.split('</think>')[0].split('<think>')[-1].strip('\\n') %}{% set c = c.split('</think>')[-1].lstrip('\\n') %}{% else %}{% set r = '' %}{% endif %}<think>\n{{ r }}\n</think>\n\n{{ c }}");
  const answer = (template: string, completion: string): string => {
    const tokenizer = withConfig({ eos_token: '<|im_end|>', chat_template: template });
    return tokenizer.decode(chatFraming(tokenizer).encodeCompletion(completion), { special: true });
  };

  it('closes a plain answer as the template closes an empty thought', () => {
    expect(answer(closing, 'ok')).toBe('\n</think>\n\nok<|im_end|>');
  });

  it('leaves an answer that closes its thought as the model writes it', () => {
    expect(answer(closing, 'well\n</think>\n\nok')).toBe('well\n</think>\n\nok<|im_end|>');
  });

  it('refuses a plain answer where the template does not show how a thought is closed', () => {
    const stripping = turn("{{ m.content.split('</think>')[-1] }}");
    expect(() => answer(stripping, 'ok')).toThrow(ChatTemplateError);
    expect(() => answer(stripping, 'ok')).toThrow('chat_template ends a prompt in <think> and does not write how an answer without </think> closes it');
    expect(answer(stripping, 'well</think>ok')).toBe('well</think>ok<|im_end|>');
  });

  it('is not one whose tag the answer is framed by', () => {
    expect(answer(turn('<answer>\n{{ m.content }}', '<answer>\n'), 'ok')).toBe('ok<|im_end|>');
  });
});

describe('adapters', () => {
  const folder = new URL('test/golden/families/llama-tied-peft/', root);
  const json = JSON.parse(readFileSync(new URL('adapter_config.json', folder), 'utf8')) as Json;
  const parse = (change: Json): unknown =>
    parseAdapter({ 'adapter_config.json': Buffer.from(JSON.stringify({ ...json, ...change })), 'adapter_model.safetensors': readFileSync(new URL('adapter_model.safetensors', folder)) });

  it.each(['pissa', 'pissa_niter_4', 'olora', 'OLoRA', 'corda', 'loftq', 'lora_ga', 'something'])('case 40: begun by %s are refused by the field, for their base is another', (init) => {
    expect(() => parse({ init_lora_weights: init })).toThrow(`init_lora_weights ${JSON.stringify(init)} is not supported`);
  });

  it.each([true, false, null, 'gaussian', 'orthogonal', 'eva', 'mica'])('case 40: begun by %j leave the base alone', (init) => {
    expect(() => parse({ init_lora_weights: init })).not.toThrow();
  });

  it.each<[Json]>([[{ alora_invocation_tokens: [1] }], [{ kasa_config: { beta: 1 } }], [{ arrow_config: { router_temperature: 1 } }], [{ lora_magnitude: 2 }]])('with %j are refused by the field', (change) => {
    expect(() => parse(change)).toThrow(`${Object.keys(change)[0]} `);
  });
});

describe('GGUF', () => {
  const golden = JSON.parse(read('test/golden/gguf/tokenizers.json')) as Record<string, { metadata: Json }>;
  const headerOf = (values: Json) => {
    const file = ggufFile(values);
    return parseGgufHeader(file, file.length);
  };
  const smollm = golden.smollm.metadata;
  const types = smollm['tokenizer.ggml.token_type'] as number[];

  it('case 43b: markers of the ordinary type are recognized', () => {
    const files = toTokenizerFiles(headerOf({ ...smollm, 'tokenizer.ggml.token_type': types.map(() => 1) }).metadata);
    const marked = Tokenizer.fromFiles(files);
    expect([...marked.specialTokens]).toEqual([['<|endoftext|>', 0], ['<|im_start|>', 1]]);
    expect(marked.encode('<|im_start|>user', { special: true })[0]).toBe(1);
    expect(marked.encode('<|im_start|>')).not.toContain(1);
  });

  it("case 42b: without tokenizer.ggml.pre the words are llama.cpp's default", () => {
    const rest: Json = { ...smollm };
    delete rest['tokenizer.ggml.pre'];
    const ids = (values: Json): number[] => Tokenizer.fromFiles(toTokenizerFiles(headerOf(values).metadata)).encode("it's 12345, x... $5\n\n  y");
    expect(ids(rest)).toEqual(ids({ ...smollm, 'tokenizer.ggml.pre': 'default' }));
  });

  const sizes = {
    'general.architecture': 'llama', 'general.name': 'x', 'llama.block_count': 1, 'llama.context_length': 64, 'llama.embedding_length': 32, 'llama.feed_forward_length': 32,
    'llama.attention.head_count': 2, 'llama.attention.layer_norm_rms_epsilon': 1e-5, 'llama.vocab_size': 5, 'quantize.imatrix.file': 'x', 'tokenizer.ggml.eom_token_id': 4,
  };
  it.each([['llama.rope.scale_linear', 2], ['llama.attention.scale', 0.5], ['llama.logit_scale', 2], ['tokenizer.ggml.remove_extra_whitespaces', true], ['adapter.type', 'lora'], ['qwen2.block_count', 2]])('with %s is refused by name', (key, value) => {
    expect(() => toHuggingFaceConfig(headerOf({ ...sizes, [key]: value }))).toThrow(`metadata "${key}" is not supported`);
    expect(() => toHuggingFaceConfig(headerOf(sizes))).toThrow('tensor "token_embd.weight" is missing');
  });
});

it('case 32: "__metadata__": null is that of a file without metadata', () => {
  const header = Buffer.from('{"__metadata__":null,"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  expect(readSafetensors(Buffer.concat([length, header, Buffer.alloc(4)])).metadata).toEqual({});
});

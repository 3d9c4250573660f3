"""Golden files of src/lm/gguf: made with the Python packages `gguf`, `transformers`, `tokenizers` and `sentencepiece`.

    python tools/oracles/gguf_golden.py test/golden/gguf

blocks.json          random blocks of every quantized type and the values that gguf-py gives them
{family}.gguf        tiny random models; {family}.safetensors and {family}.json are what transformers holds
tokenizers.json      for several pre-tokenizers and for SentencePiece: metadata, texts, and the ids of the peer
The tiny models are also read back by transformers' own GGUF loader, which has to agree before they are written.
"""
import base64
import io
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

out = Path(sys.argv[1])
rng = np.random.default_rng(7)
b64 = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()

# ---- blocks ---------------------------------------------------------------------------------------------------
# Where a block has half-precision numbers, so that random bytes can be replaced by sane ones.
HALVES = {'Q8_0': [0], 'Q4_0': [0], 'Q4_1': [0, 2], 'Q5_0': [0], 'Q5_1': [0, 2], 'Q2_K': [80, 82], 'Q3_K': [108],
          'Q4_K': [0, 2], 'Q5_K': [0, 2], 'Q6_K': [208]}


def blocks():
    cases = {}
    for name, halves in HALVES.items():
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        raw = rng.integers(0, 256, (3, size), dtype=np.uint8)
        for at in halves:
            raw[:, at:at + 2] = rng.normal(0, 0.1, (3, 1)).astype(np.float16).view(np.uint8)
        cases[name] = {'id': int(kind), 'blocks': b64(raw), 'values': b64(gguf.quants.dequantize(raw.reshape(-1), kind).astype(np.float32))}
    values = rng.normal(0, 1, 64).astype(np.float32)
    for name in ['F32', 'F16', 'BF16']:
        kind = gguf.GGMLQuantizationType[name]
        raw = gguf.quants.quantize(values, kind)
        cases[name] = {'id': int(kind), 'blocks': b64(raw), 'values': b64(gguf.quants.dequantize(raw, kind).astype(np.float32))}
    return cases


# ---- models ---------------------------------------------------------------------------------------------------
SIZE = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
            vocab_size=40, max_position_embeddings=64)
LLAMA3 = dict(rope_type='llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)
IDS = dict(bos_token_id=1, eos_token_id=2, pad_token_id=None)
MODELS = {
    'llama': (gguf.MODEL_ARCH.LLAMA, lambda: LlamaForCausalLM(LlamaConfig(**SIZE, **IDS, rms_norm_eps=1e-5, tie_word_embeddings=False,
              rope_parameters={**LLAMA3, 'rope_theta': 500000.0}))),
    'qwen2': (gguf.MODEL_ARCH.QWEN2, lambda: Qwen2ForCausalLM(Qwen2Config(**SIZE, **IDS, rms_norm_eps=1e-6, tie_word_embeddings=True,
              rope_parameters={'rope_type': 'default', 'rope_theta': 1000000.0}))),
    'qwen3': (gguf.MODEL_ARCH.QWEN3, lambda: Qwen3ForCausalLM(Qwen3Config(**SIZE, **IDS, head_dim=16, rms_norm_eps=1e-6, tie_word_embeddings=True,
              rope_parameters={'rope_type': 'default', 'rope_theta': 1000000.0}))),
    'gpt2': (gguf.MODEL_ARCH.GPT2, lambda: GPT2LMHeadModel(GPT2Config(n_embd=16, n_inner=32, n_layer=2, n_head=2, n_positions=64, vocab_size=40,
              bos_token_id=1, eos_token_id=2))),
}


def permute(weights, heads):
    """Hugging Face's rotary halves -> GGUF's neighbours."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def write_model(family, path):
    arch, build = MODELS[family]
    torch.manual_seed(5)
    model = build()
    with torch.no_grad():
        for parameter in model.parameters():  # norms and biases too, so that none is mistaken for another
            parameter.copy_(torch.randn_like(parameter) * 0.3 + 0.1)
    config = model.config
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        state.pop('lm_head.weight')
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[arch])
    layers, heads = config.num_hidden_layers, config.num_attention_heads
    writer.add_block_count(layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(heads)
    if family == 'gpt2':
        writer.add_feed_forward_length(config.n_inner)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(config.rope_parameters['rope_theta'])
    if family == 'qwen3':
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre('gpt-2')
    tokens = [chr(97 + i % 26) * (1 + i // 26) for i in range(40)]
    writer.add_token_list(tokens)
    writer.add_token_types([3 if i < 3 else 1 for i in range(40)])
    writer.add_token_merges(['d d'])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    names = gguf.get_tensor_name_map(arch, layers)
    if family == 'llama':
        default = 500000.0 ** -(torch.arange(0, 8, 2, dtype=torch.float32) / 8)
        scaled = model.model.rotary_emb.inv_freq
        writer.add_tensor('rope_freqs.weight', (default / scaled).numpy().astype(np.float32))
    for name, tensor in state.items():
        if name.endswith(('.attn.bias', '.attn.masked_bias')):
            continue
        data = tensor.numpy()
        if family == 'llama' and name.endswith('q_proj.weight'):
            data = permute(data, heads)
        if family == 'llama' and name.endswith('k_proj.weight'):
            data = permute(data, config.num_key_value_heads)
        if family == 'gpt2' and name.endswith(('c_attn.weight', 'c_proj.weight', 'c_fc.weight')):
            data = data.T
        writer.add_tensor(names.get_name(name, try_suffixes=('.weight', '.bias')), np.ascontiguousarray(data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    # The configuration is given: that loader does not know Qwen3's head size.
    back = AutoModelForCausalLM.from_pretrained(str(Path(path).parent), gguf_file=Path(path).name, config=config, dtype=torch.float32).state_dict()
    for name, tensor in state.items():
        gap = (back[name] - tensor).abs().max().item()
        assert gap == 0, f'{family}: transformers reads {name} differently, by {gap}'
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, out / f'{family}.safetensors')
    (out / f'{family}.json').write_text(json.dumps(config.to_diff_dict() | {'model_type': config.model_type}, indent=1, default=str) + '\n')


# ---- tokenizers -----------------------------------------------------------------------------------------------
CORPUS = ["the quick brown fox jumps over the lazy dog", "she'll say they've been there: 12345 times, 67 of them in 2024!",
          "naïve café déjà vu über straße", "def f(x):\n    return x ** 2\n\n\n# comment", "I'M HERE'S WE'RE"] * 4
TEXTS = ["Hello, world!", "the  quick   brown\tfox", "she'll SHE'LL we've I'M", "12345 67890 3.14 2024-11-23", "naïve café ünïcödé — “quotes”",
         "  leading and trailing  ", "line one\n\nline two\r\n\r\n  indented\n", "日本語 テキスト emoji 🙂👩‍💻", "a\u0301 combining", "x**2+y==z != w <= 10^5",
         "", " ", "\n", "don't_snake_case camelCase", "١٢٣ ½ Ⅷ"]


def bytelevel_case(pre, pre_tokenizer, normalizer=None, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(vocab_size=360, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=['<|endoftext|>', '<|im_start|>'], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())['model']
    tokens = [token for token, _ in sorted(model['vocab'].items(), key=lambda item: item[1])]
    return {
        'metadata': {
            'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.tokens': tokens,
            'tokenizer.ggml.token_type': [3 if i < 2 else 1 for i in range(len(tokens))],
            'tokenizer.ggml.merges': [' '.join(pair) for pair in model['merges']],
            'tokenizer.ggml.bos_token_id': 0, 'tokenizer.ggml.eos_token_id': 0,
        },
        'texts': [{'text': text, 'ids': tokenizer.encode(text, add_special_tokens=False).ids} for text in TEXTS],
    }


def sentencepiece_case(add_space_prefix):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=model, vocab_size=380, model_type='bpe', byte_fallback=True,
        add_dummy_prefix=add_space_prefix, remove_extra_whitespaces=False, normalization_rule_name='identity', split_digits=True, minloglevel=2)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ids = range(processor.vocab_size())
    kind = lambda i: 2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1

    return {
        'metadata': {
            'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.tokens': [processor.id_to_piece(i) for i in ids],
            'tokenizer.ggml.scores': [processor.get_score(i) for i in ids], 'tokenizer.ggml.token_type': [kind(i) for i in ids],
            'tokenizer.ggml.bos_token_id': 1, 'tokenizer.ggml.eos_token_id': 2, 'tokenizer.ggml.unknown_token_id': 0,
            'tokenizer.ggml.add_space_prefix': add_space_prefix,
        },
        'texts': [{'text': text, 'ids': processor.encode(text)} for text in TEXTS],
    }


def tokenizer_cases():
    # The expressions as transformers has them for the published tokenizers.
    from transformers.convert_slow_tokenizer import TikTokenConverter
    from transformers.models.qwen2 import tokenization_qwen2
    import inspect
    llama3 = inspect.signature(TikTokenConverter.__init__).parameters['pattern'].default
    qwen2 = tokenization_qwen2.PRETOKENIZE_REGEX
    isolated = lambda pattern: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), 'isolated'), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return {
        'gpt-2': bytelevel_case('gpt-2', pre_tokenizers.ByteLevel(add_prefix_space=False)),
        'smollm': bytelevel_case('smollm', pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])),
        'llama-bpe': bytelevel_case('llama-bpe', isolated(llama3), ignore_merges=True),
        'qwen2': bytelevel_case('qwen2', isolated(qwen2), normalizers.NFC()),
        'sentencepiece': sentencepiece_case(True),
        'sentencepiece without prefix': sentencepiece_case(False),
    }


out.mkdir(parents=True, exist_ok=True)
(out / 'blocks.json').write_text(json.dumps(blocks()) + '\n')
(out / 'tokenizers.json').write_text(json.dumps(tokenizer_cases(), ensure_ascii=True) + '\n')
for family in MODELS:
    write_model(family, str(out / f'{family}.gguf'))
print({path.name: path.stat().st_size for path in sorted(out.iterdir())})

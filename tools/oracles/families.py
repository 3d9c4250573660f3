"""Golden files of the model families, made by transformers: tiny random checkpoints with their logits and rewards.

    python tools/oracles/families.py                 writes test/golden/families/
    python tools/oracles/families.py --check FOLDER  loads what tools/oracles/save-families.ts saved there

Weights are rounded to half precision before anything is computed, so the stored F16 files are exact.
"""
import argparse
import copy
import json
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
)

HERE = Path(__file__).resolve().parents[2] / "test" / "golden" / "families"
VOCAB = 96
SPECIAL = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2)
MARKER_PADS = "llama-reward-marker-pads"
SIZES = dict(
    vocab_size=VOCAB,
    hidden_size=32,
    intermediate_size=40,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    **SPECIAL,
)
LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=10000.0,
    factor=4.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
GPT2 = dict(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=64, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0, **SPECIAL)


def policies():
    return {
        "llama-tied": LlamaConfig(**SIZES, tie_word_embeddings=True),
        "llama3-scaled": LlamaConfig(**SIZES | dict(head_dim=16, num_key_value_heads=1), tie_word_embeddings=False, rope_parameters=LLAMA3),
        "llama-linear": LlamaConfig(**SIZES, tie_word_embeddings=False, rope_parameters=dict(rope_type="linear", rope_theta=500.0, factor=2.0)),
        "mistral": MistralConfig(**SIZES | dict(head_dim=12), tie_word_embeddings=False, sliding_window=None),
        "qwen2-tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
        "qwen3": Qwen3Config(**SIZES | dict(head_dim=12), tie_word_embeddings=False),
        "gpt2": GPT2Config(**GPT2),
    }


def reward_models():
    one = dict(num_labels=1)
    return {
        "llama-reward": LlamaConfig(**SIZES, **one),
        "qwen2-reward": Qwen2Config(**SIZES, **one),
        "qwen3-reward": Qwen3Config(**SIZES | dict(head_dim=12), **one),
        "gpt2-reward": GPT2Config(**GPT2, **one),
    }


def randomize(model, seed):
    """Far enough from the usual initialization that every part shows in the result."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            is_norm = p.dim() == 1 and name.endswith("weight")
            value = 1 + 0.2 * noise if is_norm else 0.2 * noise
            p.copy_(value.half().float())
    model.eval()


def tokens(seed, lengths, time):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros(len(lengths), time, dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(3, VOCAB, (length,), generator=generator)
    return ids


def gradients(model, ids):
    """Of the mean cross-entropy of the next token: the norm over all parameters, and norm and first values of each."""
    logits = model(ids).logits
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    total = torch.sqrt(sum(g.double().pow(2).sum() for g in grads.values()))
    each = {name: dict(norm=g.double().norm().item(), first=g.flatten()[:4].tolist()) for name, g in grads.items()}
    return dict(loss=loss.item(), norm=total.item(), parameters=each)


def save(model, folder):
    shutil.rmtree(folder, ignore_errors=True)
    # A copy, since half() also rounds the rotary frequencies.
    copy.deepcopy(model).half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)


def write():
    cases = {}
    for seed, (name, config) in enumerate(policies().items()):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
        randomize(model, seed)
        lengths, time = ([48], 48) if "llama3" in name else ([20, 20], 20)
        ids = tokens(seed, lengths, time)
        folder = HERE / name
        save(model, folder)
        with torch.no_grad():
            save_file(dict(logits=model(ids).logits.contiguous()), folder / "expected.safetensors")
        cases[name] = dict(ids=ids.tolist(), gradients=gradients(model, ids))
    for seed, (name, config) in enumerate(reward_models().items(), 100):
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").float()
        randomize(model, seed)
        lengths = [20, 13, 1]
        ids = tokens(seed, lengths, 20)
        folder = HERE / name
        save(model, folder)
        with torch.no_grad():
            mask = (ids != 0).long()
            save_file(dict(rewards=model(ids, attention_mask=mask).logits[:, 0].contiguous()), folder / "expected.safetensors")
        cases[name] = dict(ids=ids.tolist(), lengths=lengths)
    (HERE / "cases.json").write_text(json.dumps(cases) + "\n")
    write_marker_pads()


def write_marker_pads():
    """A reward model that pads with its end marker, as SmolLM2 does: where transformers reads texts that end in it."""
    marker = SPECIAL["eos_token_id"]
    model = AutoModelForSequenceClassification.from_config(
        LlamaConfig(**SIZES | dict(pad_token_id=marker), num_labels=1), attn_implementation="eager"
    ).float()
    randomize(model, 200)
    texts = [ids[:length] + [marker] for ids, length in zip(tokens(200, [20, 12, 5], 20).tolist(), [20, 12, 5])]
    folder = HERE / MARKER_PADS
    save(model, folder)
    read = dict(before_marker=rewards(model, texts, marker))
    model.config.pad_token_id = 0
    read |= dict(at_marker=rewards(model, texts, 0))
    save_file(read, folder / "expected.safetensors")
    (folder / "texts.json").write_text(json.dumps(texts) + "\n")


def rewards(model, texts, pad):
    """Of texts padded on the right, as a tokenizer pads them: what is masked is padding, whatever its token."""
    time = max(map(len, texts))
    ids = torch.tensor([text + [pad] * (time - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (time - len(text)) for text in texts])
    with torch.no_grad():
        return model(ids, attention_mask=mask).logits[:, 0].contiguous()


def load(folder, reward):
    kind = AutoModelForSequenceClassification if reward else AutoModelForCausalLM
    model, info = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[problem]:
            raise SystemExit(f"{folder}: {problem} {info[problem]}")
    return model.eval()


def check(root):
    """What was saved here loads without a missing name and computes what the original did; so do the adapters."""
    from peft import PeftModel
    from safetensors.torch import load_file

    for name, case in json.loads((HERE / "cases.json").read_text()).items():
        ids = torch.tensor(case["ids"])
        expected = load_file(HERE / name / "expected.safetensors")
        reward = "lengths" in case
        model = load(root / name, reward)
        with torch.no_grad():
            out = model(ids, attention_mask=(ids != 0).long()).logits
            got = out[:, 0] if reward else out
            gap = (got - expected["rewards" if reward else "logits"]).abs().max().item()
            line = f"{name:15} {type(model).__name__:32} max difference {gap:.1e}"
            for kind in [""] if reward else ["", "-last"]:
                adapted = PeftModel.from_pretrained(load(root / name, reward), root / f"{name}{kind}-adapter").eval()
                merged = load(root / f"{name}{kind}-merged", reward)
                seen = dict(attention_mask=(ids != 0).long())
                whole = merged(ids, **seen).logits
                change = (whole - out).abs().max().item()
                if change < 1e-3:
                    raise SystemExit(f"{name}{kind}: the adapter changes nothing")
                gap = max(gap, adapter := (adapted(ids, **seen).logits - whole).abs().max().item())
                line += f"; adapter{kind} in peft against merged here {adapter:.1e} (it moves logits by {change:.2f})"
        print(line)
        if gap > 1e-4:
            raise SystemExit(f"{name} differs")
    check_marker_pads(root)


def check_marker_pads(root):
    """Saved here it has another pad token, so that transformers reads texts at their end marker as Plumbline does."""
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    folder = root / MARKER_PADS
    model = load(folder, True)
    pad = model.config.pad_token_id
    if pad == SPECIAL["eos_token_id"] or AutoTokenizer.from_pretrained(folder).pad_token_id != pad:
        raise SystemExit(f"{MARKER_PADS}: pad token {pad}")
    wanted = load_file(HERE / MARKER_PADS / "expected.safetensors")["at_marker"]
    gap = (rewards(model, json.loads((HERE / MARKER_PADS / "texts.json").read_text()), pad) - wanted).abs().max().item()
    print(f"{MARKER_PADS}: pads with {pad}, read at the marker, max difference {gap:.1e}")
    if gap > 1e-4:
        raise SystemExit(f"{MARKER_PADS} differs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", type=Path)
    arguments = parser.parse_args()
    check(arguments.check) if arguments.check else write()

"""Writes test/golden/*.json: what PyTorch computes for small inputs, forward and backward.

    python3 tools/oracles/golden_ops.py        (torch 2.x; from the root of the repository)

test/golden/golden.spec.ts holds the engine against these files. The files are committed, so the tests need no Python.
"""
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
from llama import Config, Llama, attention, language_loss, rms_norm, rotary, rotary_tables, swiglu

torch.manual_seed(20261123)
torch.set_num_threads(1)
folder = Path(__file__).resolve().parents[2] / "test" / "golden"


def packed(tensor):
    # Nine digits hold a float32 exactly.
    values = [float(f"{value:.9g}") for value in tensor.detach().double().flatten().tolist()]
    return {"shape": list(tensor.shape), "data": values}


def random(*shape):
    return torch.randn(*shape, requires_grad=True)


def op_case(function, **inputs):
    """Output of `function` and the gradients of sum(output * upstream)."""
    output = function(**inputs)
    upstream = torch.randn_like(output)
    output.backward(upstream)
    return {
        "inputs": {name: packed(value) for name, value in inputs.items()},
        "output": packed(output),
        "upstream": packed(upstream),
        "gradients": {name: packed(value.grad) for name, value in inputs.items() if value.requires_grad},
    }


def ops():
    cos, sin = rotary_tables(5, 8, 10000.0)
    targets = torch.tensor([2, 0, 6, 6])
    cross_entropy = op_case(lambda logits: F.cross_entropy(logits, targets, reduction="none"), logits=random(4, 7))
    return {
        "rmsNorm": op_case(lambda x, weight: rms_norm(x, weight, 1e-5), x=random(3, 10), weight=random(10)),
        "rotary": op_case(lambda x: rotary(x, cos, sin), x=random(2, 3, 5, 8)),
        "crossEntropy": {**cross_entropy, "targets": targets.tolist()},
        # 4 query heads on 2 key heads of width 16
        "attention": op_case(attention, query=random(2, 4, 5, 16), key=random(2, 2, 5, 16), value=random(2, 2, 5, 16)),
        "feedForward": op_case(
            lambda x, norm, gate, up, down: swiglu(rms_norm(x, norm, 1e-5), gate, up, down),
            x=random(3, 6), norm=random(6), gate=random(10, 6), up=random(10, 6), down=random(6, 10),
        ),
    }


def adamw():
    settings = {"lr": 0.01, "betas": (0.9, 0.98), "eps": 1e-8, "weight_decay": 0.1}
    parameter = torch.nn.Parameter(torch.randn(4, 3))
    start = packed(parameter)
    optimizer = torch.optim.AdamW([parameter], **settings)
    steps = []
    for _ in range(3):
        parameter.grad = torch.randn(4, 3)
        optimizer.step()
        state = optimizer.state[parameter]
        steps.append(
            {
                "gradient": packed(parameter.grad),
                "param": packed(parameter),
                "m": packed(state["exp_avg"]),
                "v": packed(state["exp_avg_sq"]),
            }
        )
    return {"settings": settings, "start": start, "steps": steps}


def decoder():
    """A tiny decoder: loss, all gradients, and the weights after three clipped AdamW steps."""
    config = Config(hidden=12, intermediate=16, layers=2, heads=4, kv_heads=2, head_dim=4, vocab=17, tied=True)
    model = Llama(config)
    # At the usual 0.02 the attention would be almost uniform, and a wrong one would hardly show.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4 + (1 if parameter.dim() == 1 else 0))
    ids = torch.randint(config.vocab, (2, 7))
    targets = torch.randint(config.vocab, (2, 7))
    start = {name: packed(value) for name, value in model.named_parameters()}
    settings = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.05, "maxGradNorm": 0.5}
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings["lr"], betas=settings["betas"], eps=settings["eps"], weight_decay=settings["weight_decay"]
    )
    losses, norms, gradients = [], [], {}
    for step in range(3):
        optimizer.zero_grad()
        loss = language_loss(model, ids, targets)
        loss.backward()
        if step == 0:
            gradients = {name: packed(value.grad) for name, value in model.named_parameters()}
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), settings["maxGradNorm"])))
        losses.append(loss.item())
        optimizer.step()
    return {
        "config": vars(config),
        "settings": settings,
        "ids": ids.tolist(),
        "targets": targets.tolist(),
        "start": start,
        "losses": losses,
        "gradNorms": norms,
        "gradients": gradients,
        "after": {name: packed(value) for name, value in model.named_parameters()},
    }


for name, build in {"ops": ops, "adamw": adamw, "decoder": decoder}.items():
    content = {"madeBy": "tools/oracles/golden_ops.py", "torch": torch.__version__, **build()}
    file = folder / f"{name}.json"
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{file.name}: {file.stat().st_size} bytes")

"""Writes test/golden/op-cases.json: what PyTorch computes for each op case, forward and backward.

    npm run build && node dist/tools/oracles/save-op-cases.js | python tools/oracles/op_cases.py

The inputs are those of src/nn/op-cases.fixture.ts; a case that is not in the table below stops the script. Gradients are
those of sum(output * upstream), with an upstream drawn here. test/golden/op-cases.spec.ts holds the engine against the file.
"""
import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20261126)
torch.set_num_threads(1)
DTYPES = {"float32": torch.float32, "int64": torch.int64, "int32": torch.int32, "bool": torch.bool, "uint8": torch.uint8}


def unpacked(feed):
    # Numbers that JSON has no word for are text.
    values = torch.tensor([float(value) for value in feed["data"]], dtype=torch.float64)
    return values.to(DTYPES[feed["dtype"]]).reshape(feed["shape"])


def packed(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{value:.9g}") for value in tensor.detach().double().flatten().tolist()]}


def angles(half):
    """Rotary angles [8, half] of the cases."""
    return torch.tensor([[position / 3**i for i in range(half)] for position in range(8)], dtype=torch.float64)


def rotated(x, positions):
    """x [.., time, width], positions [.., time]: the first half of the width turns against the second."""
    half = x.shape[-1] // 2
    angle = angles(half)[positions]
    cos, sin = angle.cos().float(), angle.sin().float()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def quantized(bits):
    def product(x, packed, scales):
        flat = packed.long()
        stored = flat if bits == 8 else torch.stack([flat % 16, flat // 16], -1).flatten(-2)
        weight = (stored - 2 ** (bits - 1)).float() * scales[..., None]
        return (x * 0.01) @ weight.flatten(1).T

    return product


def hidden():
    return torch.full((4, 4), -1e9).triu(1)


CASES = {
    "add": lambda a, b: a + b,
    "add of a column": lambda a, b: a + b,
    "add a number": lambda x: x + 1.5,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mul by itself": lambda a, b: a * a * b,
    "mul of int32, which wraps": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "greater": lambda a, b: a > b,
    "less": lambda a, b: a < b,
    "equal of integers": lambda a, b: a == b,
    "integer arithmetic": lambda a, b: a * 3 + (b - 1),
    "and": lambda a, b: a & b,
    "or": lambda a, b: ~a | b,
    "neg": lambda x: -x,
    "abs": torch.abs,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": F.softplus,
    "logSigmoid": F.logsigmoid,
    "relu": F.relu,
    "erf": torch.erf,
    "gelu": F.gelu,
    "gelu, tanh": lambda x: F.gelu(x, approximate="tanh"),
    "pow": lambda x: x**3,
    "square": torch.square,
    "clip": lambda x: x.clamp(-1, 1),
    "where": lambda c, a, b: torch.where(c, a, b),
    "where with a number": lambda c, a: torch.where(c, a, -50.0),
    "cast": lambda x: x.float(),
    "stopGradient": lambda x: x + (x * 0).detach(),
    "tie": lambda a, b: a,
    "transpose": lambda x: x.permute(2, 0, 1),
    "reshape": lambda x: x.reshape(4, -1),
    "expand": lambda x: x.expand(2, 3, 4),
    "concat": lambda a, b: torch.cat([a, b, a], 1),
    "slice": lambda x: x[:, 1:-1],
    "pad": lambda x: F.pad(x, (0, 0, 1, 2)),
    "gather rows": lambda a, b: a[b],
    "gather in the middle": lambda a, b: a[:, b],
    "gather one": lambda a, b: a[..., int(b)],
    "gatherElements": lambda a, b: a.gather(1, b),
    "scatterAdd": lambda data, indices, updates: data.scatter_add(0, indices, updates),
    "sum": lambda x: x.sum(),
    "sum over axes": lambda x: x.sum((0, 2)),
    "mean": lambda x: x.mean(-1, keepdim=True),
    "mean of all": lambda x: x.mean(),
    "max": lambda x: x.amax(1),
    "softmax": lambda x: x.softmax(-1),
    "softmax in the middle": lambda x: x.softmax(1),
    "logSoftmax": lambda x: x.log_softmax(-1),
    "softmaxMatmul": lambda a, b: a.softmax(-1) @ b,
    "softmaxMatmul that sees little": lambda a, b: (a + hidden()).softmax(-1) @ b,
    "rmsNorm": lambda a, b: F.rms_norm(a, (8,), b, 1e-5),
    "layerNorm": lambda x, w, b: F.layer_norm(x, (8,), w, b, 1e-5),
    "rotary": lambda x: rotated(x, torch.arange(5)),
    "rotary at positions": lambda x, p: rotated(x, p[:, None]),
    "rotary at an offset": lambda x, p: rotated(x, p[0] + torch.arange(3)),
    "quantizedMatmul, 4 bits": quantized(4),
    "quantizedMatmul, 8 bits": quantized(8),
    "quantizedMatmul, 4 bits, rows rounded too": quantized(4),
    "quantizedMatmul, 8 bits, rows rounded too": quantized(8),
    "log-probabilities of targets": lambda a, b: a.log_softmax(1).gather(1, b),
    "log-probabilities of several targets": lambda a, b: a.log_softmax(1).gather(1, b),
    "log-probabilities over the other axis": lambda a, b: a.log_softmax(0).gather(1, b),
    "log-probabilities of targets, and all of them": lambda a, b: a.log_softmax(1).gather(1, b) * a.log_softmax(1).sum(1, keepdim=True),
    "a table that is read and multiplied with": lambda a, b: a[b] @ a.T,
    "a table that is read twice": lambda table, a, b: table[a] * table[b],
}


def function_of(name):
    if not name.startswith("matmul, "):
        return CASES[name]
    flip_a, flip_b = ", a transposed" in name, ", b transposed" in name
    return lambda a, b: (a.mT if flip_a else a) @ (b.mT if flip_b else b)


def golden(case):
    feeds = {name: unpacked(feed) for name, feed in case["feeds"].items()}
    floats = {name: feed for name, feed in feeds.items() if case["differentiable"] and feed.is_floating_point()}
    for feed in floats.values():
        feed.requires_grad_()
    found = function_of(case["name"])(*feeds.values())
    outputs = found if isinstance(found, dict) else {"y": found}
    result = {"feeds": case["hash"], "outputs": {name: packed(output) for name, output in outputs.items()}}
    if not floats:
        return result
    upstream = torch.randn_like(found)
    gradients = torch.autograd.grad(found, list(floats.values()), upstream, allow_unused=True)
    result["upstream"] = packed(upstream)
    # An input that the output does not depend on has no gradient in PyTorch, and zeros here.
    result["gradients"] = {name: packed(torch.zeros_like(feeds[name]) if g is None else g) for name, g in zip(floats, gradients)}
    return result


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    content = {"madeBy": "tools/oracles/op_cases.py", "torch": torch.__version__, "cases": {case["name"]: golden(case) for case in cases}}
    file = Path(__file__).resolve().parents[2] / "test" / "golden" / "op-cases.json"
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{file.name}: {len(cases)} cases, {file.stat().st_size} bytes")

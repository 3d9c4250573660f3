"""Golden training runs, made by transformers and peft: losses and gradient norms of every step.

    python tools/oracles/trajectory.py        writes test/golden/trajectory/runs.json

The checkpoints are those of test/golden/families. Sequences are computed one row each, padded on the right; the spec
(test/golden/trajectory.spec.ts) packs them behind shared prompts, so that the two sides share neither code nor layout.
"""
import copy
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from rng import Rng
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

torch.set_num_threads(1)
GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
VOCAB = 96
IGNORED = -100
SETTINGS = dict(weightDecay=0.1, maxGradNorm=1.0, warmupSteps=5, floor=0.1)
LORA = dict(rank=4, alpha=8)
# Rate and seed of the run with dropout.
DROPOUT = dict(rate=0.25, seed=11)
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def draw(generator, low, high, count=1):
    return torch.randint(low, high, (count,), generator=generator).tolist()


def supervised_data(generator):
    """Six prompts with two completions each; three examples a step, in an order that is drawn once."""
    examples = []
    for _ in range(6):
        prompt = draw(generator, 3, VOCAB, draw(generator, 3, 9)[0])
        examples += [dict(prompt=prompt, completion=draw(generator, 3, VOCAB, draw(generator, 4, 12)[0])) for _ in range(2)]
    order = []
    while len(order) < 50 * 3:
        order += torch.randperm(len(examples), generator=generator).tolist()
    return dict(examples=examples, batches=[order[at : at + 3] for at in range(0, 50 * 3, 3)])


def preference_data(generator):
    """Five prompts with a chosen and a rejected completion; two pairs a step."""
    pairs = []
    for _ in range(5):
        prompt = draw(generator, 3, VOCAB, draw(generator, 3, 9)[0])
        sides = [draw(generator, 3, VOCAB, draw(generator, 4, 12)[0]) for _ in range(2)]
        pairs.append(dict(prompt=prompt, chosen=sides[0], rejected=sides[1]))
    order = []
    while len(order) < 20 * 2:
        order += torch.randperm(len(pairs), generator=generator).tolist()
    return dict(pairs=pairs, batches=[order[at : at + 2] for at in range(0, 20 * 2, 2)])


def padded(rows, filler):
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def supervised_loss(model, examples):
    """Mean cross-entropy over the completion tokens of the batch, in nats."""
    ids = padded([e["prompt"] + e["completion"] for e in examples], 0)
    mask = padded([[1] * len(e["prompt"] + e["completion"]) for e in examples], 0)
    labels = padded([[IGNORED] * len(e["prompt"]) + e["completion"] for e in examples], IGNORED)
    logits = model(input_ids=ids, attention_mask=mask).logits
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)


def pairwise_loss(model, pairs):
    """Mean of -log sigmoid(chosen reward - rejected reward)."""
    rows = [p["prompt"] + p["chosen"] for p in pairs] + [p["prompt"] + p["rejected"] for p in pairs]
    mask = padded([[1] * len(row) for row in rows], 0)
    rewards = model(input_ids=padded(rows, 0), attention_mask=mask).logits[:, 0]
    return -F.logsigmoid(rewards[: len(pairs)] - rewards[len(pairs) :]).mean()


def rate_of(step, total, peak):
    """Linear warmup to the peak, then half a cosine down to floor * peak; steps count from 0."""
    warmup, floor = SETTINGS["warmupSteps"], SETTINGS["floor"] * peak
    if step < warmup:
        return peak * (step + 1) / warmup
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def digits(value):
    """As many as float32 has."""
    return float(f"{value:.9g}")


def train(model, batches, loss_of, peak):
    model.train()
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    plain = [p for name, p in trained if name.endswith("norm.weight") or name.endswith(".bias")]
    decayed = [p for name, p in trained if not (name.endswith("norm.weight") or name.endswith(".bias"))]
    groups = [dict(params=decayed, weight_decay=SETTINGS["weightDecay"]), dict(params=plain, weight_decay=0.0)]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=peak)
    run = dict(peak=peak, rates=[], losses=[], gradNorms=[])
    for step, batch in enumerate(batches):
        HashedDropout.step = step
        rate = rate_of(step, len(batches), peak)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model, batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for _, p in trained], SETTINGS["maxGradNorm"])
        optimizer.step()
        run["rates"].append(rate)
        run["losses"].append(digits(loss.item()))
        run["gradNorms"].append(digits(norm.item()))
    return run


def keys(of, count):
    rng = Rng(f"dropout/{of}")
    return np.array([rng.int32() | 1 for _ in range(count)], dtype=np.int32)


class HashedDropout(torch.nn.Module):
    """In the place of torch's dropout: leaves out what src/lm/model/lora-delta.ts leaves out of x [batch, time, in]."""

    step = 0

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        batch, time, inner = x.shape
        seed = np.int32(Rng(f"{DROPOUT['seed']}/noise/{HashedDropout.step}/0").int32() | 1)
        with np.errstate(over="ignore"):
            hashed = (keys("rows", batch * time) * seed)[:, None] * keys(self.weight, inner)[None]
        kept = hashed < round((1 - DROPOUT["rate"]) * 2**32 - 2**31)
        return x * torch.from_numpy(kept).view(x.shape) / (1 - DROPOUT["rate"])


def dropping(model):
    """peft's model with its own dropout, of which only the draw is replaced."""
    for name, module in model.named_modules():
        if isinstance(getattr(module, "lora_dropout", None), torch.nn.ModuleDict):
            module.lora_dropout["default"] = HashedDropout(name.replace("base_model.model.", "", 1) + ".weight")
    return model


def policy():
    return AutoModelForCausalLM.from_pretrained(GOLDEN / "families" / "llama-tied", dtype=torch.float32, attn_implementation="eager")


def reward_model():
    folder = GOLDEN / "families" / "llama-reward"
    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


def adapted(generator):
    """The policy with low-rank factors: A as drawn here, B zero."""
    config = LoraConfig(r=LORA["rank"], lora_alpha=LORA["alpha"], lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(policy(), config)
    factors = {}
    with torch.no_grad():
        for name, p in model.named_parameters():
            if ".lora_A." not in name:
                assert ".lora_B." not in name or not p.any()
                continue
            bound = p.shape[1] ** -0.5
            p.copy_(((2 * torch.rand(p.shape, generator=generator) - 1) * bound * 1e4).round() / 1e4)
            values = [round(value, 4) for value in p.flatten().tolist()]
            factors[name.replace(".default", "")] = dict(shape=list(p.shape), data=values)
    return model, factors


def main():
    generator = torch.Generator().manual_seed(20261123)
    supervised, preferences = supervised_data(generator), preference_data(generator)
    batches = [[supervised["examples"][i] for i in batch] for batch in supervised["batches"]]
    pairs = [[preferences["pairs"][i] for i in batch] for batch in preferences["batches"]]
    lora_model, factors = adapted(generator)
    dropout_model = dropping(copy.deepcopy(lora_model))
    golden = dict(
        settings=SETTINGS,
        lora=LORA,
        dropout=DROPOUT,
        factors=factors,
        supervised=supervised,
        preferences=preferences,
        runs=dict(
            full=train(policy(), batches, supervised_loss, 3e-3),
            lora=train(lora_model, batches, supervised_loss, 1e-2),
            dropout=train(dropout_model, batches[:20], supervised_loss, 1e-2),
            reward=train(reward_model(), pairs, pairwise_loss, 1e-3),
        ),
    )
    for name, run in golden["runs"].items():
        ends = [f"{key} {run[key][0]:.4f} -> {run[key][-1]:.4f}" for key in ("losses", "gradNorms")]
        print(f"{name:7} {len(run['losses'])} steps, {', '.join(ends)}")
    (GOLDEN / "trajectory" / "runs.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

"""Golden reward training: curves of TRL's RewardTrainer, and pair losses with their gradients by torch.

    python tools/oracles/reward_trl.py        writes test/golden/reward/trl.json

The checkpoint is test/golden/families/llama-reward, its head included. Pairs are given as token ids, in a fixed order and
without shuffling; 30 steps of 4 pairs. The spec (test/golden/reward-trl.spec.ts) packs the two completions of a prompt
behind it where TRL pads four times two rows, so that the two sides share neither code nor layout.
"""
import json
import math
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from datasets import Dataset
from tokenizers import Tokenizer, models
from torch.utils.data import SequentialSampler
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast, TrainerCallback
from trl import RewardConfig, RewardTrainer
import trl

torch.set_num_threads(1)
GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
VOCAB, STEPS, BATCH = 96, 30, 4
METRICS = ["loss", "grad_norm", "learning_rate", "accuracy", "margin", "mean_reward", "min_reward", "max_reward"]


def draw(generator, low, high, count=1):
    return torch.randint(low, high, (count,), generator=generator).tolist()


def pairs_of(generator):
    """Twelve prompts with a chosen and a rejected completion, and a margin each."""
    rows = []
    for i in range(12):
        prompt = draw(generator, 3, VOCAB, draw(generator, 3, 9)[0])
        chosen, rejected = [draw(generator, 3, VOCAB, draw(generator, 4, 12)[0]) for _ in range(2)]
        rows.append(dict(prompt=prompt, chosen=chosen, rejected=rejected, margin=0.25 * (i % 4)))
    return rows


class InOrder(RewardTrainer):
    def _get_train_sampler(self, *args, **kwargs):
        return SequentialSampler(self.train_dataset)


class Curve(TrainerCallback):
    def __init__(self):
        self.steps = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            self.steps.append({name: float(f"{float(logs[name]):.9g}") for name in METRICS})


def tokenizer():
    words = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{i}": i for i in range(3, VOCAB)}}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<pad>")), pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def train(pairs, order, margins, **settings):
    rows = [pairs[i] for i in order]
    columns = dict(
        chosen_ids=[row["prompt"] + row["chosen"] for row in rows], rejected_ids=[row["prompt"] + row["rejected"] for row in rows]
    )
    if margins:
        columns["margin"] = [row["margin"] for row in rows]
    model = AutoModelForSequenceClassification.from_pretrained(GOLDEN / "families" / "llama-reward", dtype=torch.float32)
    curve = Curve()
    with tempfile.TemporaryDirectory() as folder:
        args = RewardConfig(
            output_dir=folder, max_steps=STEPS, per_device_train_batch_size=BATCH, learning_rate=1e-3, weight_decay=0.1,
            lr_scheduler_type="linear", warmup_steps=0, max_grad_norm=1.0, logging_steps=1, logging_nan_inf_filter=False,
            save_strategy="no", report_to="none", use_cpu=True, bf16=False, gradient_checkpointing=False, seed=1, **settings,
        )
        trainer = InOrder(
            model=model, args=args, train_dataset=Dataset.from_dict(columns), processing_class=tokenizer(), callbacks=[curve]
        )
        trainer.train()
    assert len(curve.steps) == STEPS
    return curve.steps


def pair_losses(generator):
    """-log likelihoods of preferences and ties in float64, mean by weights, and gradients by autograd."""
    chosen, rejected = [torch.randn(8, generator=generator, dtype=torch.float64) * 2 for _ in range(2)]
    weights = torch.rand(8, generator=generator, dtype=torch.float64) + 0.1
    margins = torch.rand(8, generator=generator, dtype=torch.float64)
    tied = torch.tensor([0, 1, 0, 0, 1, 0, 1, 0], dtype=torch.float64)
    smoothing, threshold, centering = 0.1, 0.6, 0.02
    theta = math.exp(threshold)

    def decided(d):
        return -(1 - smoothing) * F.logsigmoid(d) - smoothing * F.logsigmoid(-d)

    def bradley_terry(c, r):
        d = c - r - margins
        return decided(d) * (1 - tied) + tied * F.binary_cross_entropy_with_logits(d, torch.full_like(d, 0.5), reduction="none")

    def rao_kupper(c, r):
        """By the paper's own terms: worths e^r, P(i > j) = w_i / (w_i + theta w_j)."""
        first, second = torch.exp(c - margins), torch.exp(r)
        win, lose = first / (first + theta * second), second / (second + theta * first)
        return (-(1 - smoothing) * win.log() - smoothing * lose.log()) * (1 - tied) - tied * (1 - win - lose).log()

    def pointwise(c, r):
        labels = (1 - smoothing) * (1 - tied) + 0.5 * tied
        return 0.5 * (
            F.binary_cross_entropy_with_logits(c, labels, reduction="none") + F.binary_cross_entropy_with_logits(r, 1 - labels, reduction="none")
        )

    cases = {}
    for loss_of in (bradley_terry, rao_kupper, pointwise):
        c, r = chosen.clone().requires_grad_(), rejected.clone().requires_grad_()
        each = loss_of(c, r) + centering * (c + r) ** 2
        loss = (weights * each).sum() / weights.sum()
        loss.backward()
        cases[loss_of.__name__] = dict(loss=loss.item(), onChosen=c.grad.tolist(), onRejected=r.grad.tolist())
    inputs = dict(chosen=chosen, rejected=rejected, weights=weights, margins=margins, tied=tied)
    return dict(
        inputs={name: value.tolist() for name, value in inputs.items()},
        settings=dict(labelSmoothing=smoothing, tieThreshold=threshold, centering=centering),
        cases=cases,
    )


def main():
    generator = torch.Generator().manual_seed(20261125)
    pairs = pairs_of(generator)
    order = []
    while len(order) < STEPS * BATCH:
        order += torch.randperm(len(pairs), generator=generator).tolist()
    order = order[: STEPS * BATCH]
    golden = dict(
        trl=trl.__version__,
        pairs=pairs,
        batches=[order[at : at + BATCH] for at in range(0, len(order), BATCH)],
        settings=dict(learningRate=1e-3, weightDecay=0.1, maxGradNorm=1.0),
        curves=dict(
            plain=train(pairs, order, margins=False),
            marginsAndCentering=train(pairs, order, margins=True, center_rewards_coefficient=0.01),
        ),
        losses=pair_losses(generator),
    )
    for name, steps in golden["curves"].items():
        print(name, f"loss {steps[0]['loss']:.4f} -> {steps[-1]['loss']:.4f}")
    path = GOLDEN / "reward" / "trl.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

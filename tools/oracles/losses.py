"""Losses and their gradients by TRL's own loss functions, on random log-probabilities: test/golden/losses/losses.json.

    python tools/oracles/losses.py > test/golden/losses/losses.json

The trainers' `_compute_loss` is called with a stand-in for the trainer and a model that hands out given
log-probabilities, so that no weights are needed and the gradient is that on each token's log-probability. Sequences
are padded here and flat in the file: `lengths` says where they end.

TRL has no smoothed sigmoid loss; its `aot` of a single pair is the same formula (conservative DPO), so that case is
the mean over pairs. Supervised fine-tuning is torch's cross-entropy, which is what TRL's `nll` computes.
"""
import json
from collections import defaultdict
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from trl import DPOTrainer, GRPOTrainer, RLOOTrainer

torch.set_num_threads(1)
LENGTHS = [3, 7, 1, 5, 4, 6]
LIMIT = 8  # longest completion that sampling allows


class Accelerator:
    """One process: what is gathered or reduced is what was given."""

    num_processes = 1
    device = torch.device("cpu")
    sync_gradients = True

    def gather(self, value):
        return value

    gather_for_metrics = gather

    def reduce(self, value, reduction="sum"):
        return value


def trainer(**settings):
    return SimpleNamespace(
        accelerator=Accelerator(),
        model=SimpleNamespace(training=True),
        _metrics={"train": defaultdict(list)},
        aux_loss_enabled=False,
        **settings,
    )


def mask_of(lengths, width):
    return (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).long()


def flat(values, mask):
    return [round(float(x), 7) for x in values[mask.bool()].tolist()]


def numbers(values):
    return [round(float(x), 7) for x in values.tolist()]


def means(metrics, names):
    return {name: metrics["train"][name][0] for name in names}


def grpo_case(loss_type, level, beta, ratio_max=None, epsilon_low=0.2, epsilon_high=0.28):
    torch.manual_seed(1)
    mask = mask_of(LENGTHS, LIMIT)
    logps = (-torch.rand(mask.shape) * 3).requires_grad_()
    old = logps.detach() + 0.35 * torch.randn(mask.shape)
    ref = logps.detach() + 0.5 * torch.randn(mask.shape)
    advantages = torch.randn(len(LENGTHS))
    # As if another copy of the policy had written: its ratios, cut off as TRL does before it computes the loss.
    sampled = old + 0.6 * torch.randn(mask.shape)
    copied = {} if ratio_max is None else {"importance_sampling_ratio": torch.clamp(torch.exp(old - sampled), max=ratio_max)}
    fake = trainer(
        top_entropy_quantile=1.0, off_policy_mask_threshold=None, importance_sampling_level=level, beta=beta,
        loss_type=loss_type, epsilon_low=epsilon_low, epsilon_high=epsilon_high, use_vllm=ratio_max is not None,
        vllm_importance_sampling_correction=True, max_completion_length=LIMIT, current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
        _get_per_token_logps_and_entropies=lambda *args, **kwargs: (logps, torch.ones_like(logps), None),
    )
    ids = torch.zeros(mask.shape, dtype=torch.long)
    loss = GRPOTrainer._compute_loss(fake, None, {
        "prompt_ids": ids[:, :1], "prompt_mask": torch.ones_like(ids[:, :1]), "completion_ids": ids,
        "completion_mask": mask, "advantages": advantages, "old_per_token_logps": old, "ref_per_token_logps": ref,
        "num_items_in_batch": mask.sum(), **copied,
    })
    (gradient,) = torch.autograd.grad(loss, logps)
    figures = means(fake._metrics, ["clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean"])
    if beta:
        figures["kl"] = fake._metrics["train"]["kl"][0]
    return {
        "lossType": loss_type, "importance": level, "beta": beta, "clipLow": epsilon_low, "clipHigh": epsilon_high,
        "maxTokens": LIMIT, "lengths": LENGTHS, "logProbs": flat(logps, mask), "old": flat(old, mask),
        "ref": flat(ref, mask), "advantages": numbers(advantages), "loss": loss.item(),
        "gradient": flat(gradient, mask), "metrics": figures,
        **({} if ratio_max is None else {"sampled": flat(sampled, mask), "ratioMax": ratio_max}),
    }


def rloo_case(epsilon_low, epsilon_high, drift):
    torch.manual_seed(2)
    mask = mask_of(LENGTHS, LIMIT)
    logps = (-torch.rand(mask.shape) * 3).requires_grad_()
    old = logps.detach() + drift * torch.randn(mask.shape)
    advantages = torch.randn(len(LENGTHS))
    fake = trainer(
        epsilon_low=epsilon_low, epsilon_high=epsilon_high,
        _get_per_token_logps_and_entropies=lambda *args, **kwargs: (logps, torch.ones_like(logps), None),
    )
    ids = torch.zeros(mask.shape, dtype=torch.long)
    loss = RLOOTrainer._compute_loss(fake, None, {
        "prompt_ids": ids[:, :1], "prompt_mask": torch.ones_like(ids[:, :1]), "completion_ids": ids,
        "completion_mask": mask, "advantages": advantages, "old_logps": (old * mask).sum(1),
    })
    (gradient,) = torch.autograd.grad(loss, logps)
    return {
        "clipLow": epsilon_low, "clipHigh": epsilon_high, "lengths": LENGTHS, "logProbs": flat(logps, mask),
        "old": flat(old, mask), "advantages": numbers(advantages), "loss": loss.item(),
        "gradient": flat(gradient, mask),
        "metrics": means(fake._metrics, ["clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean"]),
    }


def dpo_loss(loss_type, beta, smoothing, logps, ref, mask):
    """Of a batch [chosen, rejected]; log-probabilities [sequences, tokens], those of padding zero."""
    zeros = torch.zeros_like(logps)
    fake = trainer(
        ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl", loss_types=[loss_type],
        loss_weights=[1.0], beta=beta, label_smoothing=smoothing, use_weighting=False, _total_train_tokens=0, _tp_size=1,
    )
    outputs = SimpleNamespace(log_probs=logps * mask, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool())
    # The first token of a row is its prompt.
    completion_mask = F.pad(mask, (1, 0))
    ids = torch.zeros_like(completion_mask)
    ref_chosen, ref_rejected = (ref * mask).sum(1).chunk(2)
    loss = DPOTrainer._compute_loss(fake, lambda **kwargs: outputs, {
        "input_ids": ids, "attention_mask": torch.ones_like(ids), "completion_mask": completion_mask,
        "ref_chosen_logps": ref_chosen, "ref_rejected_logps": ref_rejected,
    }, False)
    return loss, fake._metrics


def dpo_case(loss_type, beta, smoothing=0.0):
    torch.manual_seed(3)
    mask = mask_of(LENGTHS, LIMIT)
    logps = (-torch.rand(mask.shape) * 3).requires_grad_()
    ref = logps.detach() + 0.8 * torch.randn(mask.shape)
    pairs = len(LENGTHS) // 2
    if smoothing:
        singles = [
            dpo_loss("aot", beta, smoothing, logps[[p, p + pairs]], ref[[p, p + pairs]], mask[[p, p + pairs]])[0]
            for p in range(pairs)
        ]
        loss = torch.stack(singles).mean()
        metrics = dpo_loss("sigmoid", beta, 0.0, logps, ref, mask)[1]
    else:
        loss, metrics = dpo_loss(loss_type, beta, 0.0, logps, ref, mask)
    (gradient,) = torch.autograd.grad(loss, logps)
    names = ["rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected"]
    return {
        "lossType": loss_type, "beta": beta, "labelSmoothing": smoothing, "lengths": LENGTHS, "logProbs": flat(logps, mask),
        "ref": flat(ref, mask), "loss": loss.item(), "gradient": flat(gradient, mask), "metrics": means(metrics, names),
    }


def sft_case():
    torch.manual_seed(4)
    logits = (2 * torch.randn(6, 5)).requires_grad_()
    targets = torch.tensor([0, 3, -100, 4, 2, 1])
    loss = F.cross_entropy(logits, targets, ignore_index=-100)
    (gradient,) = torch.autograd.grad(loss, logits)
    real = targets >= 0
    logps = logits.log_softmax(-1)
    return {
        "logits": numbers(logits.flatten()), "shape": list(logits.shape), "targets": targets.clamp(min=0).tolist(),
        "mask": real.long().tolist(), "loss": loss.item(), "gradient": numbers(gradient.flatten()),
        "metrics": {
            "mean_token_accuracy": (logits.argmax(-1) == targets)[real].float().mean().item(),
            "entropy": -(logps.exp() * logps).sum(-1)[real].mean().item(),
        },
    }


def advantages_case(normalize, beta):
    """RLOO's advantages are computed amid the sampling; these are its lines on given rewards and log-ratios."""
    torch.manual_seed(5)
    rewards, kl, group = torch.randn(8), torch.rand(8), 4
    shaped = (rewards - beta * kl).view(-1, group)
    baselines = (shaped.sum(1, keepdim=True) - shaped) / (group - 1)
    advantages = (shaped - baselines).flatten()
    if normalize:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-4)
    return {
        "rewards": numbers(rewards), "kl": numbers(kl), "beta": beta, "groupSize": group, "normalize": normalize,
        "advantages": numbers(advantages),
    }


print(json.dumps({
    "sft": sft_case(),
    "dpo": [dpo_case("sigmoid", 0.1), dpo_case("sigmoid", 0.5), dpo_case("sigmoid", 0.3, 0.15), dpo_case("ipo", 0.2), dpo_case("hinge", 0.4)],
    "rloo": [rloo_case(0.2, 0.2, 0.1), rloo_case(0.1, 0.28, 0.6)],
    "rlooAdvantages": [advantages_case(False, 0.05), advantages_case(True, 0.3)],
    "grpo": [
        grpo_case(loss_type, level, beta)
        for loss_type in ["bnpo", "grpo", "dr_grpo"]
        for level in ["token", "sequence"]
        for beta in [0.0, 0.05]
    ] + [grpo_case("bnpo", "token", 0.05, 1.5), grpo_case("grpo", "sequence", 0.0, 1.2)],
}, indent=None))

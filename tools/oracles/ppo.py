"""PPO by the very lines of TRL's PPOTrainer, on random numbers: test/golden/losses/ppo.json.

    pip download --no-deps trl==0.24.0 -d trl-wheel && python -m zipfile -e trl-wheel/*.whl trl-0.24
    python tools/oracles/ppo.py trl-0.24 > test/golden/losses/ppo.json

TRL 1.x has no PPOTrainer any more; 0.24 has it as one long `train`. Its statements are taken out of the source by the
names they assign and executed on given tensors, so that what is compared with is TRL's arithmetic and no copy of it.

Where the two differ on purpose (src/training/ppo/gae.ts) the case avoids it: rewards and advantages of completions of
several lengths are computed one by one without padding, and the mask of values is that of the policy.
"""
import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

torch.set_num_threads(1)
root = Path(sys.argv[1]) / "trl"
trainer = ast.parse((root / "trainer" / "ppo_trainer.py").read_text())
core = ast.parse((root / "core.py").read_text())


def assigned(statement):
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return ast.unparse(targets[0]) if targets[0] is not None else ""


def between(first, last):
    """The statements of one block from the one that assigns `first` to the last that assigns `last`."""
    for node in ast.walk(trainer):
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            names = [assigned(statement) for statement in block] if isinstance(block, list) else []
            if first in names and last in names:
                end = len(names) - 1 - names[::-1].index(last)
                return compile(ast.Module(block[names.index(first) : end + 1], []), "ppo_trainer.py", "exec")
    raise SystemExit(f"this TRL has no block from {first} to {last}")


helpers = [node for node in core.body if isinstance(node, ast.FunctionDef) and node.name.startswith("masked_")]
functions = {"torch": torch, "Optional": __import__("typing").Optional, "Union": __import__("typing").Union}
exec(compile(ast.Module(helpers, []), "core.py", "exec"), functions)


def run(code, **names):
    scope = {**functions, "empty_cache": lambda: None, **names}
    exec(code, scope)
    return scope


def numbers(values):
    return [round(float(x), 7) for x in values.flatten().tolist()]


to_returns = between("logr", "returns")
policy_and_value = between("vpred", "loss")
clip_share = between("pg_clipfrac", "approxkl")


def advantages_case(lengths, beta, gamma, lam, estimator, whiten_rewards=False):
    torch.manual_seed(6)
    args = SimpleNamespace(kl_coef=beta, kl_estimator=estimator, whiten_rewards=whiten_rewards, gamma=gamma, lam=lam)
    logps = [-3 * torch.rand(length) for length in lengths]
    refs = [logp + 0.4 * torch.randn(logp.shape) for logp in logps]
    values = [torch.randn(length) for length in lengths]
    scores = torch.randn(len(lengths))

    def rows(members):
        of = lambda tensors: torch.stack([tensors[i] for i in members])
        length = lengths[members[0]]
        ends = torch.full((len(members),), length - 1)
        return run(
            to_returns, args=args, logprobs=of(logps), ref_logprobs=of(refs), values=of(values), scores=scores[members].clone(),
            responses=of(values), sequence_lengths=ends, sequence_lengths_p1=ends + 1,
            padding_mask_p1=torch.zeros(len(members), length, dtype=torch.bool),
        )

    batches = [list(range(len(lengths)))] if whiten_rewards else [[i] for i in range(len(lengths))]
    done = [rows(members) for members in batches]
    every = lambda name: [row for scope in done for row in scope[name]]
    raw, width = every("advantages"), max(lengths)
    mask = torch.arange(width)[None] < torch.tensor(lengths)[:, None]
    padded = torch.zeros(mask.shape)
    padded[mask] = torch.cat(raw)
    return {
        "lengths": lengths, "beta": beta, "gamma": gamma, "lambda": lam, "klEstimator": estimator, "whitenRewards": whiten_rewards,
        "logProbs": numbers(torch.cat(logps)), "ref": numbers(torch.cat(refs)), "values": numbers(torch.cat(values)),
        "scores": numbers(scores), "rewards": numbers(torch.cat(every("rewards"))), "advantages": numbers(torch.cat(raw)),
        "returns": numbers(torch.cat(every("returns"))), "whitened": numbers(functions["masked_whiten"](padded, mask)[mask]),
    }


def loss_case(cliprange, cliprange_value, drift):
    torch.manual_seed(7)
    lengths = [3, 7, 1, 5]
    mask = torch.arange(8)[None] < torch.tensor(lengths)[:, None]
    old = -3 * torch.rand(mask.shape)
    new = (old + drift * torch.randn(mask.shape)).requires_grad_()
    old_values = torch.randn(mask.shape)
    values = (old_values + 2 * drift * torch.randn(mask.shape)).requires_grad_()
    advantages, returns = torch.randn(mask.shape), torch.randn(mask.shape)
    masked = ~mask
    scope = run(
        policy_and_value, args=SimpleNamespace(cliprange=cliprange, cliprange_value=cliprange_value, vf_coef=0.1),
        vpred_temp=torch.cat([torch.zeros(4, 1), values, torch.zeros(4, 1)], 1)[..., None][:, 1:], context_length=1,
        padding_mask=masked, padding_mask_p1=masked, micro_batch_inds=slice(None), mb_values=old_values, mb_return=returns,
        mb_advantage=advantages, mb_logprobs=torch.masked_fill(old, masked, 1.0), new_logprobs=torch.masked_fill(new, masked, 1.0),
        accelerator=SimpleNamespace(backward=lambda loss: None), optimizer=SimpleNamespace(step=lambda: None, zero_grad=lambda: None),
    )
    (policy_gradient,) = torch.autograd.grad(scope["pg_loss"], new)
    (value_gradient,) = torch.autograd.grad(scope["vf_loss"], values)
    with torch.no_grad():
        logits = torch.zeros(*mask.shape, 2)
        after = run(clip_share, **{k: v for k, v in scope.items() if k not in functions}, logits=logits)
        ratio = scope["ratio"][mask].mean()
        # TRL's mean counts padding, where the difference is 0.
        approxkl = after["approxkl"] * mask.numel() / mask.sum()
    flat = lambda tensor: numbers(tensor[mask])
    return {
        "lengths": lengths, "clip": cliprange, "valueClip": cliprange_value, "logProbs": flat(new.detach()), "old": flat(old),
        "advantages": flat(advantages), "values": flat(values.detach()), "oldValues": flat(old_values), "returns": flat(returns),
        "policyLoss": scope["pg_loss"].item(), "policyGradient": flat(policy_gradient), "valueLoss": scope["vf_loss"].item(),
        "valueGradient": flat(value_gradient),
        "metrics": {
            "policy/clipfrac_avg": after["pg_clipfrac"].item(), "val/clipfrac_avg": scope["vf_clipfrac"].item(),
            "policy/approxkl_avg": approxkl.item(), "val/ratio": ratio.item(),
        },
    }


print(json.dumps({
    "advantages": [
        advantages_case([3, 6, 1, 4], 0.05, 1.0, 0.95, "k1"),
        advantages_case([5, 2, 4, 3], 0.3, 0.9, 0.5, "k3"),
        advantages_case([4, 4, 4], 0.1, 1.0, 0.95, "k1", whiten_rewards=True),
    ],
    "losses": [loss_case(0.2, 0.2, 0.2), loss_case(0.1, 0.5, 0.6)],
}))

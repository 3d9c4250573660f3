"""Loss curves of TRL's own DPOTrainer, KTOTrainer and GRPOTrainer over 30 steps: test/golden/curves/curves.json.

    python tools/oracles/trl_curves.py > test/golden/curves/curves.json        (TRL 1.16; the checkpoint is test/golden/families/llama-tied)

Everything that chance could touch is fixed and written down: the order of the data, and for GRPO the completions and their
rewards, which a `rollout_func` plays back. So both sides see the same tokens and the curves must agree.

The spec (test/golden/curves/curves.spec.ts) packs completions behind shared prompts; TRL pads rows.
"""
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, KTOConfig, KTOTrainer

torch.set_num_threads(1)
GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
VOCAB, STEPS, PAIRS, JUDGED, PROMPTS, GROUP, LONGEST = 96, 30, 2, 4, 2, 4, 12
PAD, EOS = "w00", "w02"
SETTINGS = dict(learningRate=5e-4, maxGradNorm=1.0, dpoBeta=0.1, ktoBeta=0.3, desirableWeight=1.0, undesirableWeight=1.5, grpoBeta=0.04, clip=0.2)


def tokenizer():
    """One word per id, so that texts and ids say the same."""
    words = Tokenizer(models.WordLevel({f"w{i:02d}": i for i in range(VOCAB)}, unk_token="w01"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token=PAD, eos_token=EOS)


def policy():
    folder = GOLDEN / "families" / "llama-tied"
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


def draw(generator, low, high):
    length = torch.randint(low, high, (1,), generator=generator).item()
    return torch.randint(3, VOCAB, (length,), generator=generator).tolist()


def text(ids):
    return " ".join(f"w{i:02d}" for i in ids)


def common(batch):
    return dict(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=batch, max_steps=STEPS, learning_rate=SETTINGS["learningRate"],
        lr_scheduler_type="constant", max_grad_norm=SETTINGS["maxGradNorm"], weight_decay=0.0, logging_steps=1, use_cpu=True,
        bf16=False, gradient_checkpointing=False, report_to=[], save_strategy="no", disable_dropout=True, disable_tqdm=True, seed=1,
    )


def recorded(base):
    """The trainer, with the loss of each step to all its digits: its logs are rounded."""

    class Recorded(base):
        losses = None

        def compute_loss(self, *args, **kwargs):
            result = super().compute_loss(*args, **kwargs)
            self.losses = (self.losses or []) + [(result[0] if isinstance(result, tuple) else result).item()]
            return result

    return Recorded


def curve(trainer, names):
    trainer.train()
    logs = [entry for entry in trainer.state.log_history if "grad_norm" in entry]
    assert len(logs) == STEPS == len(trainer.losses)
    figures = {name: [float(entry[name]) for entry in logs] for name in ["grad_norm", *names]}
    return {"losses": trainer.losses, **figures}


def dpo():
    generator = torch.Generator().manual_seed(11)
    sides = ["prompt", "chosen", "rejected"]
    rows = [dict(zip(sides, [text(draw(generator, 3, 9)), " " + text(draw(generator, 4, 12)), " " + text(draw(generator, 4, 12))])) for _ in range(STEPS * PAIRS)]
    args = DPOConfig(**common(PAIRS), beta=SETTINGS["dpoBeta"], loss_type=["sigmoid"], train_sampling_strategy="sequential", max_length=None)
    trainer = recorded(DPOTrainer)(policy(), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer())
    data = [{side: list(row[f"{side}_ids"]) for side in sides} for row in trainer.train_dataset]
    return dict(pairs=data, curve=curve(trainer, ["rewards/margins", "rewards/chosen"]))


def kto():
    generator = torch.Generator().manual_seed(13)
    # One desirable and three undesirable completions, and the other way round, in turn.
    labels = [(i % JUDGED == 0) == ((i // JUDGED) % 2 == 0) for i in range(STEPS * JUDGED)]
    rows = [dict(prompt=text(draw(generator, 3, 9)), completion=" " + text(draw(generator, 4, 12)), label=label) for label in labels]
    args = KTOConfig(
        **common(JUDGED), beta=SETTINGS["ktoBeta"], desirable_weight=SETTINGS["desirableWeight"], undesirable_weight=SETTINGS["undesirableWeight"],
        max_length=None, train_sampling_strategy="sequential",
    )
    trainer = recorded(KTOTrainer)(policy(), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer())
    data = [dict(prompt=list(row["prompt_ids"]), completion=list(row["completion_ids"]), desirable=row["label"]) for row in trainer.train_dataset]
    return dict(judged=data, curve=curve(trainer, ["rewards/chosen", "rewards/rejected", "rewards/margins", "kl"]))


def grpo():
    generator = torch.Generator().manual_seed(12)
    groups = [
        dict(
            prompt=draw(generator, 3, 9),
            completions=[draw(generator, 4, LONGEST - 1) + [2] for _ in range(GROUP)],
            rewards=[round(x, 4) for x in torch.randn(GROUP, generator=generator).tolist()],
        )
        for _ in range(STEPS * PROMPTS)
    ]
    known = {text(group["prompt"]): group for group in groups}
    assert len(known) == len(groups)

    def play(prompts, trainer):
        # Each prompt comes once for every completion of its group, in order.
        members = [(known[prompt], i % GROUP) for i, prompt in enumerate(prompts)]
        completions = [group["completions"][i] for group, i in members]
        return {"prompt_ids": [group["prompt"] for group, _ in members], "completion_ids": completions, "logprobs": None}

    def reward(prompts, **kwargs):
        return [known[prompt]["rewards"][i % GROUP] for i, prompt in enumerate(prompts)]

    args = GRPOConfig(
        **common(PROMPTS * GROUP), num_generations=GROUP, max_completion_length=LONGEST, beta=SETTINGS["grpoBeta"], epsilon=SETTINGS["clip"],
        loss_type="bnpo", scale_rewards="group", temperature=1.0, shuffle_dataset=False, num_iterations=1, steps_per_generation=1,
    )
    rows = Dataset.from_list([dict(prompt=text(group["prompt"])) for group in groups])
    trainer = recorded(GRPOTrainer)(policy(), reward_funcs=reward, args=args, train_dataset=rows, processing_class=tokenizer(), rollout_func=play)
    return dict(groups=groups, curve=curve(trainer, ["kl", "reward", "entropy"]))


with contextlib.redirect_stdout(sys.stderr):
    curves = dict(settings=SETTINGS, pairsPerStep=PAIRS, judgedPerStep=JUDGED, promptsPerStep=PROMPTS, dpo=dpo(), kto=kto(), grpo=grpo())
print(json.dumps(curves))

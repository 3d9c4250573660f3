"""The peer of `npm run bench -- alpacaeval`: TRL's RewardTrainer on the checkpoint and the token ids that the benchmark wrote.

    python tools/oracles/reward_peer.py REQUEST.json

The request is {checkpoint, train, eval, seed, threads, learningRate, epochs, batchSize, warmupRatio, centering}: a folder of
a policy and two files with a pair a line, {chosen, rejected} as token ids. Prints one line of JSON, {accuracy, seconds,
steps, version}: accuracy on the pairs of `eval`, equal rewards counting half. `batchSize` counts completions, two to a pair.
"""
import json
import sys
import tempfile
import time

import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import RewardConfig, RewardTrainer

sys.dont_write_bytecode = True
transformers.logging.set_verbosity_error()
request = json.load(open(sys.argv[1]))
torch.set_num_threads(request["threads"])


def pairs(path):
    rows = [json.loads(line) for line in open(path)]
    return Dataset.from_dict({"chosen_ids": [row["chosen"] for row in rows], "rejected_ids": [row["rejected"] for row in rows]})


def accuracy(model, rows, pad):
    """Texts by length, so that little is padding; each once."""
    model.eval()
    texts = sorted({tuple(ids) for side in ("chosen_ids", "rejected_ids") for ids in rows[side]}, key=len)
    rewards = {}
    with torch.no_grad():
        for at in range(0, len(texts), 32):
            part = texts[at : at + 32]
            width = max(map(len, part))
            ids = torch.tensor([list(text) + [pad] * (width - len(text)) for text in part])
            mask = torch.tensor([[1] * len(text) + [0] * (width - len(text)) for text in part])
            for text, reward in zip(part, model(input_ids=ids, attention_mask=mask).logits[:, 0].tolist()):
                rewards[text] = reward
    gaps = [rewards[tuple(c)] - rewards[tuple(r)] for c, r in zip(rows["chosen_ids"], rows["rejected_ids"])]
    return sum((gap > 0) + 0.5 * (gap == 0) for gap in gaps) / len(gaps)


def main():
    tokenizer = AutoTokenizer.from_pretrained(request["checkpoint"])
    train, evaluation = pairs(request["train"]), pairs(request["eval"])
    steps = -(-len(train) // (request["batchSize"] // 2)) * request["epochs"]
    transformers.set_seed(request["seed"])
    model = AutoModelForSequenceClassification.from_pretrained(request["checkpoint"], num_labels=1, dtype=torch.float32)
    model.config.pad_token_id = tokenizer.pad_token_id
    with tempfile.TemporaryDirectory() as folder:
        args = RewardConfig(
            output_dir=folder, num_train_epochs=request["epochs"], per_device_train_batch_size=request["batchSize"] // 2,
            learning_rate=request["learningRate"], lr_scheduler_type="linear", warmup_steps=round(request["warmupRatio"] * steps),
            max_grad_norm=1.0, weight_decay=0.0, center_rewards_coefficient=request["centering"], max_length=None,
            save_strategy="no", report_to="none", use_cpu=True, bf16=False, gradient_checkpointing=False, disable_tqdm=True,
            logging_strategy="no", seed=request["seed"], dataloader_pin_memory=False,
        )
        trainer = RewardTrainer(model=model, args=args, train_dataset=train, processing_class=tokenizer)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
    answer = dict(accuracy=accuracy(trainer.model, evaluation, tokenizer.pad_token_id), seconds=seconds, steps=trainer.state.global_step, version=trl.__version__)
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

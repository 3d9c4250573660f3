"""The peer of `npm run bench -- llm`: transformers, peft and TRL on a checkpoint folder that the benchmark wrote.

Started with one JSON argument {threads, policy, reward, prompt, completion, pairs, group, new}; answers commands, one a
line, with one line of JSON each, so that both sides take turns within the same minutes:

  load reward-lora | reward-full | sft | generate     makes ready (and drops what was ready before)
  run N                                               N timed repetitions: {seconds: [...], loss}
  grpo N, grpo-lora N                                 N steps of TRL's GRPOTrainer: {seconds: [...]}

Reward and supervised steps are those of TRL's trainers without their logging: chosen and rejected texts are padded into
one batch, the prompt is computed for each. Dropout is off, as in TRL. Gradients are clipped to norm 1, AdamW.
"""
import gc
import json
import sys
import tempfile
import time

import torch
import torch.nn.functional as F
import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

sys.dont_write_bytecode = True
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
request = json.loads(sys.argv[1])
torch.set_num_threads(request["threads"])
torch.manual_seed(0)
PAIRS, PROMPT, COMPLETION, GROUP, NEW = (request[k] for k in ("pairs", "prompt", "completion", "group", "new"))
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def texts(vocab):
    """[2 * pairs, prompt + completion]: chosen, then rejected, the two of a pair with the same prompt."""
    prompts = torch.randint(2, vocab, (PAIRS, PROMPT))
    sides = [torch.cat([prompts, torch.randint(2, vocab, (PAIRS, COMPLETION))], 1) for _ in range(2)]
    return torch.cat(sides)


def reward(lora):
    model = AutoModelForSequenceClassification.from_pretrained(request["reward"], num_labels=1, dtype=torch.float32)
    if lora:
        model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="SEQ_CLS"))
    ids = texts(model.config.vocab_size)

    def loss():
        rewards = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0]
        return -F.logsigmoid(rewards[:PAIRS] - rewards[PAIRS:]).mean()

    return training(model, loss)


def sft():
    model = AutoModelForCausalLM.from_pretrained(request["policy"], dtype=torch.float32)
    ids = texts(model.config.vocab_size)
    labels = ids.clone()
    labels[:, :PROMPT] = -100
    return training(model, lambda: model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss)


def training(model, loss_of):
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, weight_decay=0.01)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        return loss.item()

    return step


def generate():
    model = AutoModelForCausalLM.from_pretrained(request["policy"], dtype=torch.float32).eval()
    ids = torch.randint(2, model.config.vocab_size, (1, PROMPT)).repeat(GROUP, 1)

    @torch.no_grad()
    def run():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=NEW, max_new_tokens=NEW, pad_token_id=0)
        assert out.shape[1] == PROMPT + NEW
        return 0.0

    return run


def grpo(steps, lora):
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):
        def __init__(self):
            self.marks = []

        def on_step_begin(self, *_args, **_kwargs):
            self.marks.append(time.perf_counter())

        def on_train_end(self, *_args, **_kwargs):
            self.marks.append(time.perf_counter())

    tokenizer = AutoTokenizer.from_pretrained(request["policy"])
    tokenizer.padding_side = "left"
    prompt = " ".join(["word"] * PROMPT)
    ids = tokenizer(prompt)["input_ids"][:PROMPT]
    prompt = tokenizer.decode(ids)
    dataset = Dataset.from_dict({"prompt": [prompt] * (steps * 2)})
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder, per_device_train_batch_size=GROUP, num_generations=GROUP, gradient_accumulation_steps=1,
            max_completion_length=NEW, beta=0.04, learning_rate=1e-5, max_steps=steps, temperature=1.0, top_k=0, top_p=1.0,
            report_to=[], save_strategy="no", logging_strategy="no", use_cpu=True, bf16=False, gradient_checkpointing=False,
            disable_tqdm=True, generation_kwargs={"min_new_tokens": NEW},
        )
        model = AutoModelForCausalLM.from_pretrained(request["policy"], dtype=torch.float32)
        lengths = lambda completions, **_: [float(len(text) % 7) for text in completions]
        adapter = LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM") if lora else None
        trainer = GRPOTrainer(
            model=model, reward_funcs=lengths, args=config, train_dataset=dataset, processing_class=tokenizer, callbacks=[clock], peft_config=adapter
        )
        trainer.train()
    return [b - a for a, b in zip(clock.marks, clock.marks[1:])]


makers = {"reward-lora": lambda: reward(True), "reward-full": lambda: reward(False), "sft": sft, "generate": generate}
ready = None
print(json.dumps({"version": f"PyTorch {torch.__version__}, transformers {transformers.__version__}"}), flush=True)
for line in sys.stdin:
    verb, argument = line.split()
    if verb == "load":
        ready = None
        gc.collect()
        ready = makers[argument]()
        answer = {}
    elif verb == "run":
        seconds = []
        for _ in range(int(argument)):
            started = time.perf_counter()
            loss = ready()
            seconds.append(time.perf_counter() - started)
        answer = {"seconds": seconds, "loss": loss}
    else:
        ready = None
        gc.collect()
        answer = {"seconds": grpo(int(argument), verb == "grpo-lora")}
    print(json.dumps(answer), flush=True)

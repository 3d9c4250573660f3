"""A reward model of others, whole: weights, tokenizer and chat template, with the rewards transformers gives to texts.

    python tools/oracles/reward_texts.py    writes test/golden/reward/uploaded/

It pads with its end marker, as SmolLM2 does, and its texts are scored in one padded batch: where each is read is up to
transformers.
"""
import copy
import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config

HERE = Path(__file__).resolve().parents[2] / "test" / "golden" / "reward" / "uploaded"
MARKERS = ["<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = [
    ("Name a river.", "The Oder."),
    ("Name a river.", "I would rather not name one, since there are so many of them."),
    ("Say \"héllo\" to 世界!", "héllo 世界"),
    ("x", ""),
    ("A question with <|im_end|> in it?", "An answer."),
]


def tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({token: i for i, token in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(marker, normalized=False, special=True) for marker in MARKERS])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=MARKERS[1], pad_token=MARKERS[1])
    made.chat_template = TEMPLATE
    return made


def main():
    made = tokenizer()
    end = made.eos_token_id
    config = Qwen2Config(
        vocab_size=len(made), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, num_labels=1, eos_token_id=end, pad_token_id=end, bos_token_id=None,
    )
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").float().eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_((1 + 0.2 * noise if p.dim() == 1 and name.endswith("weight") else 0.3 * noise).half().float())
    HERE.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).half().save_pretrained(HERE)
    made.save_pretrained(HERE)
    (HERE / "model.safetensors").chmod(0o644)
    # As a server would: what was saved is loaded, and asked for the rewards of a batch.
    loaded = AutoTokenizer.from_pretrained(HERE)
    # A marker in what a user wrote is text, not a marker.
    ids = [encode(loaded, prompt, completion) for prompt, completion in TEXTS]
    batch = loaded.pad(dict(input_ids=ids), return_tensors="pt", padding_side="right")
    with torch.no_grad():
        rewards = model(**batch).logits[:, 0].tolist()
    cases = [dict(prompt=p, completion=c, reward=r) for (p, c), r in zip(TEXTS, rewards)]
    (HERE / "texts.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


def encode(loaded, prompt, completion):
    messages = [dict(role="user", content="\ue000"), dict(role="assistant", content="\ue001")]
    framed = loaded.apply_chat_template(messages, tokenize=False)
    before, rest = framed.split("\ue000")
    between, after = rest.split("\ue001")
    marked = lambda text: loaded(text, add_special_tokens=False)["input_ids"]
    plain = lambda text: loaded(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return marked(before) + plain(prompt) + marked(between) + plain(completion) + marked(after)


if __name__ == "__main__":
    main()

"""Next-token distributions after transformers' own logits processors: test/golden/sampling/filters.json.

    python tools/oracles/sampling.py > test/golden/sampling/filters.json

The processors are taken in the order in which `generate` applies them: repetition penalty, temperature, top-k,
top-p, min-p.
"""
import json

import torch
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCAB = 24
CASES = [
    {"temperature": 1.0},
    {"temperature": 0.6},
    {"temperature": 1.7, "topK": 5},
    {"temperature": 1.0, "topP": 0.8},
    {"temperature": 0.7, "topP": 0.3},
    {"temperature": 1.0, "minP": 0.1},
    {"temperature": 1.5, "minP": 0.25},
    {"temperature": 0.8, "topK": 8, "topP": 0.9},
    {"temperature": 1.3, "topK": 12, "topP": 0.95, "minP": 0.05},
    {"temperature": 2.0, "topP": 0.9, "minP": 0.2},
    {"temperature": 1.0, "repetitionPenalty": 1.3},
    {"temperature": 0.9, "repetitionPenalty": 1.8, "topK": 6},
    {"temperature": 1.0, "repetitionPenalty": 0.7, "topP": 0.85},
    {"temperature": 1.2, "repetitionPenalty": 1.2, "topK": 10, "topP": 0.9, "minP": 0.1},
]


def processors(case):
    if case.get("repetitionPenalty", 1.0) != 1.0:
        yield RepetitionPenaltyLogitsProcessor(case["repetitionPenalty"])
    if case["temperature"] != 1.0:
        yield TemperatureLogitsWarper(case["temperature"])
    if "topK" in case:
        yield TopKLogitsWarper(case["topK"])
    if "topP" in case:
        yield TopPLogitsWarper(case["topP"])
    if "minP" in case:
        yield MinPLogitsWarper(case["minP"])


def main():
    generator = torch.Generator().manual_seed(5)
    results = []
    for case in CASES:
        logits = 2 * torch.randn(VOCAB, generator=generator)
        prompt = torch.randint(VOCAB, (6,), generator=generator)
        written = torch.randint(VOCAB, (5,), generator=generator)
        scores = logits[None]
        for processor in processors(case):
            scores = processor(torch.cat([prompt, written])[None], scores)
        results.append(
            {
                "options": case,
                "logits": [round(x, 6) for x in logits.tolist()],
                "prompt": prompt.tolist(),
                "written": written.tolist(),
                "probabilities": [round(x, 6) for x in scores.softmax(-1)[0].tolist()],
            }
        )
    print("[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]")


if __name__ == "__main__":
    main()

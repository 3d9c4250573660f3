"""The training step of `npm run bench -- engine` in PyTorch, under the control of the benchmark.

Started with one JSON argument {threads, shapes: [{name, batch, time, config}], matmul}. Then reads commands, one line
each, and answers each with one line of JSON: `step NAME N` runs N steps and answers {seconds: [...], loss}, `matmul N`
answers {seconds: [...]}. So the two sides take turns on the same machine in the same minutes.
"""
import json
import sys
import time

import torch

sys.dont_write_bytecode = True
from llama import Config, Llama, language_loss

request = json.loads(sys.argv[1])
torch.set_num_threads(request["threads"])
torch.manual_seed(0)


class Step:
    def __init__(self, shape):
        self.model = Llama(Config(**shape["config"]))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=0.01)
        size = (shape["batch"], shape["time"])
        self.ids = torch.randint(shape["config"]["vocab"], size)
        self.targets = torch.randint(shape["config"]["vocab"], size)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = language_loss(self.model, self.ids, self.targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()


def timed(work, times):
    seconds = []
    result = None
    for _ in range(times):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return seconds, result


steps = {shape["name"]: Step(shape) for shape in request["shapes"]}
a, b, out = (torch.rand(request["matmul"], request["matmul"]) for _ in range(3))
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    command = line.split()
    if command[0] == "step":
        seconds, loss = timed(steps[command[1]], int(command[2]))
        print(json.dumps({"seconds": seconds, "loss": loss}), flush=True)
    else:
        seconds, _ = timed(lambda: torch.mm(a, b, out=out), int(command[1]))
        print(json.dumps({"seconds": seconds}), flush=True)

"""An adapter that peft made: its folder, and the logits of the adapted model.

    python tools/oracles/peft_adapter.py    writes test/golden/families/<base>-peft/

The bases are golden checkpoints of families.py. Factors are rounded to half precision, so that the stored F16 files are exact.
"""
import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parents[2] / "test" / "golden" / "families"
# What trainers write most: named modules, and peft's word for all of them.
TARGETS = {"llama-tied": ["q_proj", "v_proj"], "qwen3": "all-linear", "gpt2": ["c_attn"]}


def main():
    cases = json.loads((HERE / "cases.json").read_text())
    for seed, (base, targets) in enumerate(TARGETS.items()):
        folder = HERE / f"{base}-peft"
        shutil.rmtree(folder, ignore_errors=True)
        model = AutoModelForCausalLM.from_pretrained(HERE / base, dtype=torch.float32, attn_implementation="eager")
        config = LoraConfig(r=3, lora_alpha=12, target_modules=targets, task_type="CAUSAL_LM", fan_in_fan_out=base == "gpt2")
        adapted = get_peft_model(model, config).eval()
        generator = torch.Generator().manual_seed(300 + seed)
        with torch.no_grad():
            for name, p in adapted.named_parameters():
                if "lora_" in name:
                    p.copy_((0.1 * torch.randn(p.shape, generator=generator)).half().float())
            logits = adapted(torch.tensor(cases[base]["ids"])).logits.contiguous()
        adapted.save_pretrained(folder)
        weights = folder / "adapter_model.safetensors"
        save_file({name: p.half() for name, p in load_file(weights).items()}, weights, metadata={"format": "pt"})
        save_file(dict(logits=logits), folder / "expected.safetensors")
        (folder / "README.md").unlink(missing_ok=True)
        for file in folder.iterdir():
            file.chmod(0o644)
        config = json.loads((folder / "adapter_config.json").read_text())
        # No paths of this machine.
        config["base_model_name_or_path"] = base
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()

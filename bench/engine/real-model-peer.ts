// A real GGUF model beside its peers: weights as gguf-py dequantizes them, greedy answers as transformers gives them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '#src/config/environment.js';
import { pythonWith } from '../../scripts/system/python.js';

export interface PeerComparison {
  tensors: number;
  /** Largest distance of a weight, in float32 steps. */
  ulps: number;
  prompts: number;
  sameAnswers: number;
}

/** Undefined where no Python has the peers. Throws Error when they cannot be asked. */
export function compareWithPeers(path: string): PeerComparison | undefined {
  const python = pythonWith('torch', 'transformers', 'gguf');
  if (!python) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-gguf-'));
  try {
    run(process.execPath, ['dist/bench/gguf.js', path, folder]);
    return figuresIn(run(python, ['tools/oracles/gguf_real_model.py', 'compare', path, folder]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: environment({ HF_HUB_OFFLINE: '1' }) });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}: ${stderr.trim().split('\n').slice(-3).join(' | ')}`);
  return stdout;
}

function figuresIn(printed: string): PeerComparison {
  const weights = /weights: (\d+) tensors, .* (\d+) ulp/.exec(printed);
  const answers = /answers equal: (\d+) of (\d+)/.exec(printed);
  if (!weights || !answers) throw new Error(`the peers said something else: ${printed.slice(0, 500)}`);
  const [tensors, ulps] = weights.slice(1).map(Number);
  const [sameAnswers, prompts] = answers.slice(1).map(Number);
  return { tensors, ulps, prompts, sameAnswers };
}

// What is saved here, loaded by transformers and peft: names, logits, rewards, adapters. Where a Python has them (PYTHON, else
// python3); skipped loudly where none has.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pythonWith } from '../../scripts/system/python.js';

const python = pythonWith('torch', 'transformers', 'peft');
if (!python) console.warn('skipped: what is saved here was not loaded by transformers and peft, which no Python here has (PYTHON or python3)');

const families = ['llama', 'qwen2', 'qwen3', 'gpt2'];

describe.skipIf(!python)('checkpoints and adapters of every family', () => {
  it('load in transformers and peft and compute the same', () => {
    const folder = mkdtempSync(join(tmpdir(), 'saved-'));
    try {
      execFileSync(process.execPath, ['dist/tools/oracles/save-families.js', folder]);
      const env = { ...process.env, HF_HUB_OFFLINE: '1' };
      const { status, stdout, stderr } = spawnSync(python!, ['tools/oracles/families.py', '--check', folder], { env, encoding: 'utf8' });
      expect(status, stderr.slice(-2000)).toBe(0);
      const lines = stdout.split('\n');
      for (const family of families) expect(lines.some((line) => line.startsWith(family) && line.includes('max difference')), family).toBe(true);
      expect(lines.filter((line) => line.includes('in peft against merged here')).length).toBeGreaterThan(families.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 300_000);
});

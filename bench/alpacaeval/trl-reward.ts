// TRL's RewardTrainer as the peer of a reward model of ours: same starting checkpoint, same pairs as token ids.
import { execFile } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { environment } from '#src/config/environment.js';
import { parseDescription, type FileMap } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { RewardTextEncoder } from '#src/rl/batch/reward-text.js';

const script = join('scripts', 'oracles', 'reward_peer.py');

export interface TextPair {
  prompt: string;
  chosen: string;
  rejected: string;
}

export interface TrlSettings {
  learningRate: number;
  epochs: number;
  /** Completions of a step: two to a pair. */
  batchSize: number;
  warmupRatio: number;
  centering: number;
}

export interface TrlResult {
  accuracy: number;
  seconds: number;
  steps: number;
  version: string;
}

export class TrlReward {
  private constructor(
    private readonly python: string,
    private readonly dir: string,
    private readonly threads: number,
  ) {}

  /** Writes checkpoint and pairs into `dir`; texts are framed and cut to `maxTokens` as ours are. */
  static async prepare(
    { python, dir, threads, maxTokens }: { python: string; dir: string; threads: number; maxTokens: number },
    files: FileMap,
    pairs: Record<'train' | 'eval', readonly TextPair[]>,
  ): Promise<TrlReward> {
    mkdirSync(join(dir, 'checkpoint'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, 'checkpoint', name), bytes);
    const encoder = new RewardTextEncoder(Tokenizer.fromFiles(parseDescription(files).tokenizer), maxTokens);
    const encode = (prompt: string, completion: string): number[] => {
      const text = encoder.encode({ prompt, completion });
      return [...text.prompt, ...text.completion];
    };
    for (const split of ['train', 'eval'] as const) {
      const out = createWriteStream(join(dir, `${split}.jsonl`));
      for (const { prompt, chosen, rejected } of pairs[split]) {
        out.write(`${JSON.stringify({ chosen: encode(prompt, chosen), rejected: encode(prompt, rejected) })}\n`);
      }
      out.end();
      await finished(out);
    }
    return new TrlReward(python, dir, threads);
  }

  async train(seed: number, settings: TrlSettings): Promise<TrlResult> {
    const path = (name: string): string => join(this.dir, name);
    const request = { ...settings, seed, threads: this.threads, checkpoint: path('checkpoint'), train: path('train.jsonl'), eval: path('eval.jsonl') };
    writeFileSync(path('request.json'), JSON.stringify(request));
    const env = environment({ HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' });
    const { stdout } = await promisify(execFile)(this.python, [script, path('request.json')], { env, maxBuffer: 1 << 26 });
    // Libraries may print to standard output too: the answer is the last line.
    return JSON.parse(stdout.trim().split('\n').pop()!) as TrlResult;
  }
}

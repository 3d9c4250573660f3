// The PyTorch process that the engine is measured against: started once, it runs steps when told to, so that
// both sides take turns within the same minutes. tools/oracles/torch_step.py is the other end.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { StepShape } from './shapes.js';
import type { TimedSteps } from './our-step.js';

const script = join('scripts', 'oracles', 'torch_step.py');

export class TorchRival {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly name: string,
  ) {}

  static async start(python: string, shapes: readonly StepShape[], threads: number, matmul: number): Promise<TorchRival> {
    const request = { threads, matmul, shapes: shapes.map(({ name, batch, time, config }) => ({ name, batch, time, config: torchConfig(config) })) };
    const child = spawn(python, [script, JSON.stringify(request)]);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const hello = await lines.next();
    if (hello.done) throw new Error(`${script} did not start: ${errors.trim().split('\n').slice(-3).join(' | ')}`);
    const { version } = JSON.parse(hello.value) as { version: string };
    return new TorchRival(child, lines, `PyTorch ${version}`);
  }

  step(name: string, times: number): Promise<TimedSteps> {
    return this.ask<TimedSteps>(`step ${name} ${times}`);
  }

  async matmul(times: number): Promise<number[]> {
    return (await this.ask<{ seconds: number[] }>(`matmul ${times}`)).seconds;
  }

  stop(): void {
    this.child.stdin.end();
  }

  private async ask<T>(command: string): Promise<T> {
    this.child.stdin.write(`${command}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error(`${script} ended at '${command}'`);
    return JSON.parse(answer.value) as T;
  }
}

function torchConfig(config: StepShape['config']): Record<string, number | boolean> {
  return {
    hidden: config.hiddenSize,
    intermediate: config.intermediateSize,
    layers: config.numLayers,
    heads: config.numHeads,
    kv_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    vocab: config.vocabSize,
    tied: config.tieWordEmbeddings,
    eps: config.rmsNormEps,
    theta: config.ropeTheta,
  };
}

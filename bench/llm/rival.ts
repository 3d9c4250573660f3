// The Python process on the other side of `npm run bench -- llm`: tools/oracles/torch_llm.py, one command at a time.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { environment } from '#src/config/environment.js';

const script = join('scripts', 'oracles', 'torch_llm.py');

export class LlmRival {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    private readonly errors: () => string,
    readonly name: string,
  ) {}

  static async start(python: string, request: Record<string, string | number>): Promise<LlmRival> {
    const child = spawn(python, [script, JSON.stringify(request)], { env: environment({ HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' }) });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const hello = await lines.next();
    if (hello.done) throw new Error(`${script} did not start: ${errors.trim().split('\n').slice(-3).join(' | ')}`);
    return new LlmRival(child, lines, () => errors, (JSON.parse(hello.value) as { version: string }).version);
  }

  async load(work: string): Promise<void> {
    await this.ask(`load ${work}`);
  }

  /** Seconds of each repetition. */
  run(times: number): Promise<number[]> {
    return this.ask(`run ${times}`);
  }

  grpo(steps: number, adapted: boolean): Promise<number[]> {
    return this.ask(`${adapted ? 'grpo-lora' : 'grpo'} ${steps}`);
  }

  stop(): void {
    this.child.stdin.end();
  }

  /** Libraries may print to standard output too: an answer is a line of JSON. */
  private async ask(command: string): Promise<number[]> {
    this.child.stdin.write(`${command}\n`);
    for (;;) {
      const answer = await this.lines.next();
      if (answer.done) throw new Error(`${script} ended at '${command}': ${this.errors().trim().split('\n').slice(-3).join(' | ')}`);
      if (answer.value.startsWith('{"') || answer.value === '{}') return (JSON.parse(answer.value) as { seconds?: number[] }).seconds ?? [];
    }
  }
}

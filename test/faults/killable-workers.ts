// Worker processes of a running system that are there to be killed. There is always one more, which takes over.
import { openSync } from 'node:fs';
import { startPlumbline, type Running } from '#src/process/supervisor.js';
import type { TemporarySystem } from '../../scripts/system/temporary-system.js';

export class KillableWorkers {
  private readonly running = new Map<number, Running>();
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly system: TemporarySystem,
    private readonly queues: readonly string[],
  ) {}

  /** Resolves when so many more take jobs. */
  async start(count: number): Promise<void> {
    const { env, logFile } = this.system;
    const workers = Array.from({ length: count }, () => ['--queues', this.queues.join(',')]);
    for (const worker of workers) {
      const started = await startPlumbline({ api: false, workers: [worker], restart: false, env, output: openSync(logFile, 'a') });
      this.running.set(started.workerPids[0], started);
    }
  }

  has(pid: number): boolean {
    return this.running.has(pid);
  }

  /**
   * As the kernel does it when memory runs out: no handler runs, nothing is flushed. Resolves when the process is gone
   * and another one that can take over is there; the next one starts meanwhile.
   */
  async kill(pid: number): Promise<void> {
    await this.starting;
    const victim = this.running.get(pid);
    if (!victim) throw new Error(`there is no worker ${pid}`);
    process.kill(pid, 'SIGKILL');
    await victim.ended;
    this.running.delete(pid);
    this.starting = this.start(1);
  }

  async stop(): Promise<void> {
    await this.starting;
    for (const worker of this.running.values()) await worker.stop();
  }
}

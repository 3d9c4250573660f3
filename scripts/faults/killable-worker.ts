// A worker process of a running system that is there to be killed.
import { openSync } from 'node:fs';
import { startPlumbline, type Running } from '#src/process/supervisor.js';
import type { TemporarySystem } from '../system/temporary-system.js';

export class KillableWorker {
  private constructor(private readonly running: Running) {}

  /** Resolves when it takes jobs. */
  static async start({ env, logFile }: TemporarySystem, queues: readonly string[]): Promise<KillableWorker> {
    const workers = [['--queues', queues.join(',')]];
    return new KillableWorker(await startPlumbline({ api: false, workers, env, output: openSync(logFile, 'a') }));
  }

  /** As the kernel does it when memory runs out: no handler runs, nothing is flushed. Resolves when it is gone. */
  async kill(): Promise<void> {
    process.kill(this.running.workerPids[0], 'SIGKILL');
    await this.running.ended;
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }
}

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClaimersReport, ClaimersTask } from './messages.js';

/**
 * A process of labelers that is there to be killed. It is started beforehand and waits: labelers work on machines of
 * their own, so that the seconds in which theirs starts must not slow down the one that is measured.
 */
export class ClaimersProcess {
  private readonly child: ChildProcess;
  private readonly ready: Promise<unknown>;
  private readonly ended: Promise<unknown>;
  alive = true;
  private killed = false;

  constructor(take: (report: ClaimersReport) => void, failed: (why: string) => void) {
    this.child = fork(fileURLToPath(new URL('./claimers.js', import.meta.url)));
    this.ready = once(this.child, 'message').then(() => this.child.on('message', (report) => take(report as ClaimersReport)));
    this.ended = once(this.child, 'exit').then(([code]: unknown[]) => {
      this.alive = false;
      if (!this.killed && code !== 0) failed(`a process of labelers ended with code ${String(code)}`);
    });
  }

  /** Resolves when it has been told what to do. */
  async work(task: ClaimersTask): Promise<void> {
    await Promise.race([this.ready, this.ended]);
    if (this.alive) this.child.send(task);
  }

  /** No handler runs, nothing is given back. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.killed = true;
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

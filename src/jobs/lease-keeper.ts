// A step of a large model holds the event loop for longer than a lease lasts, so that leases are renewed from a thread of
// their own, and the worker's row with them. What it must not do is keep the job of a worker that is stuck: see `Pulse`.
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pulse } from '#src/common/pulse.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import type { QueueName } from './job-types.js';
import type { KeeperData, KeeperMessage } from './lease-keeper-thread.js';

// Compiled also where the sources themselves are run, in tests.
const entry = createRequire(import.meta.url).resolve('#src/jobs/lease-keeper-thread.js');

/** Injection token of the queues that this process serves. */
export const SERVED_QUEUES = Symbol('served queues');

/** To take its row back and close its connection. */
const endMs = 2000;

@Injectable()
export class LeaseKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly held = new Map<string, string>();
  private thread: Worker | undefined;
  private beating: NodeJS.Timeout | undefined;

  private readonly worker: KeeperData['worker'];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SERVED_QUEUES) queues: readonly QueueName[],
  ) {
    const { memoryLimitBytes: memoryBytes, computeThreads: threads, executionProvider } = config;
    this.worker = { id: newId(), host: hostname(), pid: process.pid, queues, capabilities: { memoryBytes, threads, executionProvider } };
  }

  onApplicationBootstrap(): void {
    pulse.beat();
    this.beating = setInterval(() => pulse.beat(), Math.min(1000, (this.config.jobLeaseSeconds * 1000) / 4));
    this.start();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.beating);
    const { thread } = this;
    this.thread = undefined;
    if (!thread) return;
    const exit = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage({ type: 'end' } satisfies KeeperMessage);
    await Promise.race([exit, sleep(endMs)]);
    await thread.terminate();
  }

  hold(jobId: string, leaseOwner: string): void {
    this.held.set(leaseOwner, jobId);
    this.tell({ type: 'hold', jobId, leaseOwner });
  }

  /** Does not release the lease: the thread only stops renewing it. */
  letGo(jobId: string, leaseOwner: string): void {
    this.held.delete(leaseOwner);
    this.tell({ type: 'let go', jobId, leaseOwner });
  }

  private tell(message: KeeperMessage): void {
    this.thread?.postMessage(message);
  }

  private start(): void {
    const { databaseUrl, jobLeaseSeconds } = this.config;
    const workerData: KeeperData = { databaseUrl: databaseUrl!, leaseSeconds: jobLeaseSeconds, memory: pulse.memory, worker: this.worker };
    const thread = new Worker(entry, { workerData, execArgv: [] });
    thread.unref();
    this.thread = thread;
    for (const [leaseOwner, jobId] of this.held) this.tell({ type: 'hold', jobId, leaseOwner });
    thread.once('error', (error) => this.logger.warn(`the thread that renews leases failed: ${error.message}`));
    thread.once('exit', () => {
      if (this.thread !== thread) return;
      this.thread = undefined;
      // Meanwhile the event loop renews them, between the steps of its handlers.
      setTimeout(() => this.beating?.hasRef() && !this.thread && this.start(), 1000).unref();
    });
  }
}

import { EventEmitter } from 'node:events';
import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Client } from 'pg';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Complaints } from './complaints.js';

/** A subscription to the changes of one job; a change is remembered until a caller has waited for it. */
export class JobWatch {
  private news = false;
  private waiting: (() => void) | undefined;

  constructor(readonly stop: () => void) {}

  readonly wake = (): void => {
    this.news = true;
    this.waiting?.();
  };

  /** Resolves when the job changed since the last call, after `ms`, or when `signal` aborts. */
  async changed(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.news && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          // A request that waits long waits often: its signal would gather a listener for each time.
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        this.waiting = done;
        signal?.addEventListener('abort', done);
      });
    }
    this.waiting = undefined;
    this.news = false;
  }
}

/**
 * Postgres channels. `job` carries the id of a job that changed, `stop` that of one whose worker should
 * let go of it, `outbox` says that a message waits.
 */
export const channels = { job: 'plumbline_job', stop: 'plumbline_stop', outbox: 'plumbline_outbox' } as const;

const reconnectMs = 1000;

/**
 * Signals commits of all processes to this one. An optimisation only: listeners also poll, so a lost connection only delays news.
 */
@Injectable()
export class JobSignals implements OnModuleInit, OnModuleDestroy {
  private readonly complaints = new Complaints(new Logger('Jobs'));
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private readonly closing = new AbortController();
  private client: Client | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async onModuleInit(): Promise<void> {
    await this.listen();
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.client?.end().catch(() => undefined);
  }

  /** Aborts when this process shuts down: waiting requests and streams then end. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** @returns a function that stops listening */
  onOutbox(listener: () => void): () => void {
    return this.on(channels.outbox, listener);
  }

  /** Some job changed. @returns a function that stops listening */
  onAnyJob(listener: () => void): () => void {
    return this.on(channels.job, listener);
  }

  /** The job was asked to stop. */
  onStop(jobId: string, listener: () => void): () => void {
    return this.on(`${channels.stop}:${jobId}`, listener);
  }

  /** Watches from now on, so that a change between a look and the wait after it is not missed. */
  watch(jobId: string): JobWatch {
    const watch = new JobWatch(() => {
      off();
      this.closed.removeEventListener('abort', watch.wake);
    });
    const off = this.on(`${channels.job}:${jobId}`, watch.wake);
    this.closed.addEventListener('abort', watch.wake);
    return watch;
  }

  private on(event: string, listener: () => void): () => void {
    this.emitter.on(event, listener);
    return () => this.emitter.off(event, listener);
  }

  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.config.databaseUrl,
      application_name: 'plumbline-signals',
      keepAlive: true,
    });
    this.client = client;
    client.on('error', (error) => this.reconnect(error, client));
    client.on('notification', ({ channel, payload }) => {
      if (payload) this.emitter.emit(`${channel}:${payload}`);
      this.emitter.emit(channel);
    });
    try {
      await client.connect();
      await client.query(Object.values(channels).map((channel) => `LISTEN ${channel}`).join('; '));
    } catch (error) {
      this.reconnect(error as Error, client);
    }
  }

  /** Once for each client: one that breaks while it connects says so twice, as an event and by its promise. */
  private reconnect(error: Error, broken: Client): void {
    if (this.closing.signal.aborted || this.client !== broken) return;
    this.client = undefined;
    this.complaints.warn('the connection that listens for changes was lost', error);
    void broken.removeAllListeners('error').on('error', () => undefined).end().catch(() => undefined);
    setTimeout(() => {
      if (!this.closing.signal.aborted) void this.listen();
    }, reconnectMs).unref();
  }
}

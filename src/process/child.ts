// A process that the supervisor starts, watches, restarts when it dies, and stops gracefully.
import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '#src/config/config.js';
import { endingOf, Restarts } from './restart-policy.js';

export interface ChildSpec {
  /** In messages, such as `the worker`. */
  name: string;
  file: string;
  args: string[];
  execArgv: string[];
  env: Record<string, string | undefined>;
  output: 'inherit' | 'ignore' | number;
  /** Its log file, for finding the cause of a failure. */
  logFile?: string;
  restart: boolean;
  notes: (line: string) => void;
}

/** Messages of a child over its channel; see `run` and the main files. */
export interface ChildMessage {
  ready?: true;
  url?: string;
  firstKey?: string | null;
  /** Why it will not be ready, a line each. */
  failed?: string[];
}

/** Handlers of a job have 5 s to stop, connections 5 s more. */
const stopWaitMs = 20_000;

export class Child {
  private process: ChildProcess | undefined;
  private startedAt = 0;
  private readonly restarts = new Restarts();
  private readonly stopping = new AbortController();
  private resolveEnded!: (code: number) => void;
  /** Fulfilled with the exit code when it has ended permanently: it is not restarted, or kept failing. */
  readonly ended = new Promise<number>((resolve) => (this.resolveEnded = resolve));

  constructor(private readonly spec: ChildSpec) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Changes the environment of starts to come. */
  setEnv(name: string, value: string): void {
    this.spec.env = { ...this.spec.env, [name]: value };
  }

  /** Resolves when the first start is ready. @throws ConfigError with the child's own reason; it is then not tried again */
  async start(): Promise<ChildMessage> {
    const { ready } = this.launch();
    const message = await ready;
    this.watch(this.process!);
    return message;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const child = this.process;
    if (!child || isOver(child)) return;
    const ended = exitOf(child);
    const patience = setTimeout(() => {
      this.spec.notes(`${this.spec.name} (process ${child.pid}) did not end within ${stopWaitMs / 1000} s: killing it`);
      child.kill('SIGKILL');
    }, stopWaitMs);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(patience);
  }

  private launch(): { ready: Promise<ChildMessage> } {
    const { file, args, env, execArgv, output } = this.spec;
    this.startedAt = Date.now();
    const child = fork(file, args, { env: env, execArgv, stdio: ['ignore', output, output, 'ipc'] });
    this.process = child;
    const ready = new Promise<ChildMessage>((resolve, reject) => {
      let reasons: string[] | undefined;
      child.on('message', (message: ChildMessage) => {
        if (message?.ready) resolve(message);
        reasons = message?.failed ?? reasons;
      });
      const look = this.spec.logFile ? `; its log is ${this.spec.logFile}` : '';
      child.once('exit', (code, signal) => {
        const fail = (): void => reject(new ConfigError(reasons ?? [`${this.spec.name} ${endingOf(code, signal)} before it was ready${look}`]));
        // Its last message may arrive after its exit.
        if (child.connected) child.once('disconnect', fail);
        else fail();
      });
      child.once('error', reject);
    });
    ready.catch(() => undefined);
    return { ready };
  }

  private watch(child: ChildProcess): void {
    if (isOver(child)) void this.died(child.exitCode, child.signalCode);
    else child.once('exit', (code, signal) => void this.died(code, signal));
  }

  private async died(code: number | null, signal: NodeJS.Signals | null, reason = endingOf(code, signal)): Promise<void> {
    const { name, notes, restart } = this.spec;
    if (this.stopping.signal.aborted) return this.resolveEnded(code ?? 1);
    const what = `${name} (process ${this.pid}) ${reason}`;
    const delay = restart ? this.restarts.afterDeath(Date.now() - this.startedAt) : undefined;
    if (delay === undefined) {
      notes(restart ? `${what}; it keeps failing and is not started again` : what);
      return this.resolveEnded(code || 1);
    }
    notes(`${what}; starting it again in ${delay / 1000} s`);
    await sleep(delay, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    if (this.stopping.signal.aborted) return this.resolveEnded(code ?? 1);
    const { ready } = this.launch();
    const started = this.process!;
    try {
      await ready;
      notes(`${name} runs again (process ${this.pid})`);
      this.watch(started);
    } catch (error) {
      const lines = error instanceof ConfigError ? error.mistakes.join('; ') : String(error);
      await this.died(started.exitCode, started.signalCode, `did not start: ${lines}`);
    }
  }
}

const isOver = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const exitOf = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));

/**
 * Work on what users brought (chat templates, regular expressions, tokenizers, headers of files) and work that would hold the
 * event loop (plans), in child processes. A template is a program that may loop or allocate without end, and no limit of a
 * worker thread stops one large allocation: that ends the whole process. A child that is over its time or memory is
 * killed, the request fails, and the next call starts another child.
 *
 * Children are started on demand, kept for later calls, and get neither the environment's secrets nor a database.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bareEnvironment } from '#src/config/environment.js';

export interface SandboxOptions {
  /** Children at once. */
  size: number;
  /** Calls that may wait for a child; a further one is refused. */
  queue: number;
  /** Heap limit of a child, in megabytes; its resident memory may be twice as much. */
  megabytes: number;
}

export interface SandboxCall {
  id: number;
  module: string;
  name: string;
  args: unknown[];
  milliseconds: number;
}

export type SandboxAnswer = { id: number } & ({ value: unknown } | { error: { name: string; message: string; code?: string } });

/** The call took too long or too much memory. */
export class SandboxLimitError extends Error {
  override name = 'SandboxLimitError';
}

/** The waiting queue is full. */
export class SandboxBusyError extends Error {
  override name = 'SandboxBusyError';
}

/** The error that the function threw, without its class. */
export class SandboxedError extends Error {
  constructor(
    readonly thrown: { name: string; message: string; code?: string },
  ) {
    super(thrown.message);
  }

  override get name(): string {
    return this.thrown.name;
  }
}

/** `Awaited`, because the child awaits the result of the function. */
type Answer<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

// Compiled also where the sources themselves are run, in tests.
const entry = createRequire(import.meta.url).resolve('#src/common/sandbox-child.js');
const pageBytes = 4096;
const watchMs = 100;

export class Sandbox {
  private readonly idle: ChildProcess[] = [];
  private readonly waiting: ((child: ChildProcess) => void)[] = [];
  private readonly children = new Set<ChildProcess>();
  private lastId = 0;

  constructor(private readonly options: SandboxOptions) {}

  /**
   * What `name` of `module` (such as '#src/lm/chat.js') returns. Arguments and answer are copied.
   *
   * @throws SandboxLimitError, SandboxBusyError, SandboxedError
   */
  async call<M, K extends keyof M & string>(
    module: string,
    name: K,
    args: M[K] extends (...given: infer A) => unknown ? A : never,
    { milliseconds }: { milliseconds: number },
  ): Promise<Answer<M[K]>> {
    const child = await this.take();
    try {
      const answer = await this.ask(child, { id: ++this.lastId, module, name, args, milliseconds }, milliseconds);
      if ('error' in answer) throw new SandboxedError(answer.error);
      return answer.value as Answer<M[K]>;
    } finally {
      this.release(child);
    }
  }

  /** Ends the children. */
  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }

  private async take(): Promise<ChildProcess> {
    const { size, queue } = this.options;
    const ready = this.idle.pop();
    if (ready) return ready;
    if (this.children.size < size) return this.start();
    if (this.waiting.length >= queue) throw new SandboxBusyError(`${queue} calls are waiting already`);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private release(child: ChildProcess): void {
    const isAlive = this.children.has(child);
    const next = this.waiting.shift();
    if (next) return next(isAlive ? child : this.start());
    if (!isAlive) return;
    // An idle child does not keep this process alive.
    child.unref();
    child.channel?.unref();
    this.idle.push(child);
  }

  private start(): ChildProcess {
    const child = fork(entry, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [`--max-old-space-size=${this.options.megabytes}`],
      env: { ...bareEnvironment(), UV_THREADPOOL_SIZE: '1' },
    });
    this.children.add(child);
    child.once('exit', () => this.forget(child));
    child.once('error', () => this.forget(child));
    return child;
  }

  private forget(child: ChildProcess): void {
    this.children.delete(child);
    const at = this.idle.indexOf(child);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private async ask(child: ChildProcess, call: SandboxCall, milliseconds: number): Promise<SandboxAnswer> {
    child.ref();
    child.channel?.ref();
    const { megabytes } = this.options;
    const end = new AbortController();
    try {
      return await new Promise<SandboxAnswer>((resolve, reject) => {
        const stop = (why: string): void => {
          this.forget(child);
          child.kill('SIGKILL');
          reject(new SandboxLimitError(why));
        };
        const onMessage = (answer: SandboxAnswer): void => {
          if (answer.id === call.id) resolve(answer);
        };
        // V8 aborts the process when its heap is full.
        const onExit = (code: number | null, signal: string | null): void => {
          const isFull = signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGKILL' || code === 134 || code === 133;
          reject(isFull ? new SandboxLimitError(`took more than ${megabytes} MB`) : new Error(`the child process ended with ${code ?? signal}`));
        };
        const timer = setTimeout(() => stop(`took longer than ${milliseconds / 1000} s`), milliseconds);
        const watch = setInterval(() => void residentBytes(child.pid).then((bytes) => {
          if (bytes > 2 * megabytes * 1e6 && !end.signal.aborted) stop(`took more than ${megabytes} MB`);
        }), watchMs);
        child.on('message', onMessage).once('exit', onExit);
        end.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          clearInterval(watch);
          child.off('message', onMessage).off('exit', onExit);
        });
        child.send(call, (error) => error && reject(error));
      });
    } finally {
      end.abort();
    }
  }
}

/** On Linux; 0 elsewhere, where the limit of the heap has to do. */
async function residentBytes(pid: number | undefined): Promise<number> {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0');
  return Number(text.split(' ')[1]) * pageBytes;
}

/** The one of this process. */
export const sandbox = new Sandbox({ size: 2, queue: 16, megabytes: 1024 });
process.once('exit', () => sandbox.close());

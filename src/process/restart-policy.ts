/** When a process that died is started again. */
export interface RestartPolicy {
  /** A process that lived for less failed fast. */
  fastMs: number;
  /** Number of fast failures in a row that count as a crash loop. */
  failures: number;
  firstDelayMs: number;
  longestDelayMs: number;
}

const usualRestarts: RestartPolicy = { fastMs: 20_000, failures: 5, firstDelayMs: 1000, longestDelayMs: 30_000 };

export class Restarts {
  private fast = 0;

  constructor(private readonly policy: RestartPolicy = usualRestarts) {}

  /** @returns milliseconds to wait before the next start; undefined to give up */
  afterDeath(livedMs: number): number | undefined {
    this.fast = livedMs < this.policy.fastMs ? this.fast + 1 : 0;
    if (this.fast >= this.policy.failures) return undefined;
    return Math.min(this.policy.longestDelayMs, this.policy.firstDelayMs * 2 ** Math.max(0, this.fast - 1));
  }
}

/** How a process ended, in words. */
export function endingOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'was killed (SIGKILL), perhaps because memory ran out';
  if (signal) return `was ended by ${signal}`;
  // V8's own end at its heap's limit, and the shell's words for SIGKILL.
  if (code === 134) return 'ended with exit code 134, perhaps because memory ran out';
  if (code === 137) return 'was killed (exit code 137), perhaps because memory ran out';
  return `ended with exit code ${code}`;
}

/**
 * Whether this process gets on, in memory that its threads share: one of them can then tell a long computation, which
 * blocks the event loop and is at work, from an event loop that is stuck.
 */
const [beatAt, depth, beganAt] = [0, 1, 2];

/** The longest that a single computation is assumed to take. */
const longestComputationMs = 24 * 3600 * 1000;

export class Pulse {
  private readonly cells: BigInt64Array;

  /** @param memory that of another thread's pulse, to look at it; new when left out */
  constructor(readonly memory = new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.cells = new BigInt64Array(memory);
  }

  /** The event loop has had its turn. */
  beat(): void {
    Atomics.store(this.cells, beatAt, now());
  }

  /** Marks work that blocks the event loop for as long as it must: a session's run, an optimizer's step. */
  computing<T>(work: () => T): T {
    Atomics.store(this.cells, beganAt, now());
    Atomics.add(this.cells, depth, 1n);
    const end = (): void => {
      Atomics.sub(this.cells, depth, 1n);
      // The event loop was blocked meanwhile, so timers could not fire.
      this.beat();
    };
    let result: T;
    try {
      result = work();
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end) as T;
    end();
    return result;
  }

  /** A beat within `silenceMs`, or a computation that is at work. */
  lives(silenceMs: number): boolean {
    const [beat, computations, began] = [beatAt, depth, beganAt].map((cell) => Atomics.load(this.cells, cell));
    if (computations > 0n && since(began) < longestComputationMs) return true;
    return since(beat) < silenceMs;
  }
}

/** Of this process. */
export const pulse = new Pulse();

/** One monotonic clock for all threads. */
const now = (): bigint => process.hrtime.bigint();
const since = (then: bigint): number => Number(now() - then) / 1e6;

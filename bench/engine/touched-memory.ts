// Memory that the process has written to before, at hand for what is measured next.
import { freemem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const block = 256 * 1024 ** 2;

/**
 * The runtime's profiler keeps an entry for every operator, between the large blocks of the step, which therefore do not fall
 * together again when they are free: with the profile on, a step of the 135M model needs 700 MB more each time, and the operators
 * are charged with the page faults (half a second and more of a step that has none without the profile). So memory is written
 * to beforehand, and freed below a block that keeps the allocator from giving it back.
 *
 * @returns what ends it
 */
export async function touchMemory(bytes: number): Promise<() => Promise<void>> {
  const count = Math.floor(Math.min(bytes, freemem() / 2) / block);
  // Oldest first, so that the last one lies above the others.
  const held = Array.from({ length: count }, () => new Uint8Array(block).fill(1));
  held.splice(0, count - 1);
  await collect();
  return () => {
    held.pop();
    return collect();
  };
}

/** Twice, since buffers are freed by a thread of their own. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 2; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

// A child process of `Sandbox`: runs one call at a time and exits with its parent.
import { writeFileSync } from 'node:fs';
import type { SandboxAnswer, SandboxCall } from './sandbox.js';
import { within } from './time-limit.js';

// If memory runs out, the kernel should kill this process first.
try {
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Not on Linux.
}

process.once('disconnect', () => process.exit());
process.on('message', (call: SandboxCall) => void answer(call).then((sent) => process.send!(sent)));

async function answer({ id, module, name, args, milliseconds }: SandboxCall): Promise<SandboxAnswer> {
  try {
    const functions = (await import(module)) as Record<string, (...given: unknown[]) => unknown>;
    // The parent kills a slow call; without a parent nothing would.
    return { id, value: await within(milliseconds + 1000, () => functions[name](...args)) };
  } catch (error) {
    const { name: kind, message, code } = error as Error & { code?: string };
    return { id, error: { name: kind, message, ...(typeof code === 'string' ? { code } : {}) } };
  }
}

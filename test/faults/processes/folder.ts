import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A data folder of its own; whatever still runs on it afterwards is killed. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') throw new Error('this drill finds processes in /proc, which only Linux has');
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-processes-'));
  let done = false;
  const end = (): void => {
    for (const { pid } of processesOn(folder)) process.kill(pid, 'SIGKILL');
  };
  const interrupted = (): never => {
    end();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    const result = await work(folder);
    done = true;
    return result;
  } finally {
    end();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupted);
    if (done) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    else process.stderr.write(`plumbline: the folder of the system under test is ${folder}\n`);
  }
}

export type PartName = 'api' | 'worker' | 'supervisor' | 'postgres' | 'other';

export interface Part {
  pid: number;
  name: PartName;
}

/** All that runs on the folder: it is in the environment of each. */
export function processesOn(folder: string): Part[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`PLUMBLINE_DATA_DIR=${folder}\0`)) return [];
        return [{ pid: Number(pid), name: nameOf(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')) }];
      } catch {
        return [];
      }
    });
}

function nameOf(argv: readonly string[]): PartName {
  const has = (end: string) => argv.some((argument) => argument.endsWith(end));
  if (has('/src/main.js')) return 'api';
  if (has('/src/worker.js')) return 'worker';
  if (has('/scripts/start.js')) return 'supervisor';
  return has('/bin/postgres') ? 'postgres' : 'other';
}

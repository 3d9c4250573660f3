// The machine: Node, cores, memory, disk.
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Finding } from './report.js';

const GiB = 2 ** 30;
const gib = (bytes: number): string => `${(bytes / GiB).toFixed(1)} GiB`;

/** Below these a run of the quickstart may not fit. */
const [wantedMemory, wantedDisk] = [2 * GiB, 2 * GiB];

export function nodeFinding(version = process.versions.node): Finding {
  const [major, minor] = version.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'node', status: ok ? 'ok' : 'failed', detail: `${version} on ${process.platform}-${process.arch}${ok ? '' : ', needs 20.19 or newer'}` };
}

/** `threads` is COMPUTE_THREADS, 0 for one per core. */
export function coresFinding(threads: number, cores = availableParallelism()): Finding {
  const setting = threads === 0 ? 'COMPUTE_THREADS is 0: one thread per core' : `COMPUTE_THREADS is ${threads}`;
  const detail = `${cores} (${cpus()[0]?.model.trim() ?? 'unknown'}); ${setting}`;
  return threads > cores ? { name: 'cores', status: 'warning', detail: `${detail}, more than the number of cores` } : { name: 'cores', status: 'ok', detail };
}

/** `limit` is that of the control group in bytes; more than the machine has means none. */
export function memoryFinding(total = totalmem(), free = freemem(), limit: number | undefined = process.constrainedMemory()): Finding {
  const limited = limit !== undefined && limit > 0 && limit < total;
  const most = limited ? limit : total;
  const detail = `${gib(total)}, ${gib(free)} free; ${limited ? `this process is limited to ${gib(limit)}` : 'no limit on this process'}`;
  return { name: 'memory', status: most < wantedMemory ? 'warning' : 'ok', detail };
}

/** Of the folder, or of the nearest one above it that exists: the folder itself is made at the first start. */
export function diskFinding(dataDir: string): Finding {
  let at = dataDir;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  const free = bavail * bsize;
  const detail = `${gib(free)} free in ${dataDir}`;
  try {
    accessSync(at, constants.W_OK);
  } catch {
    return { name: 'disk', status: 'failed', detail: `${at} is not writable; PLUMBLINE_DATA_DIR names another folder` };
  }
  return { name: 'disk', status: free < wantedDisk ? 'warning' : 'ok', detail };
}

// Resident memory of another process, where the system has /proc.
import { readFileSync } from 'node:fs';

/** MiB, or undefined where this cannot be known. */
function residentMiB(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** Runs `work` and tells how large the process was at most meanwhile and by how much it grew, looked at 20 times a second. */
export async function memoryGrowth<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; grownMiB: number | undefined; peakMiB: number | undefined }> {
  const before = residentMiB(pid);
  let peak = before ?? 0;
  const timer = setInterval(() => (peak = Math.max(peak, residentMiB(pid) ?? 0)), 50);
  try {
    const result = await work();
    peak = Math.max(peak, residentMiB(pid) ?? 0);
    return before === undefined ? { result, grownMiB: undefined, peakMiB: undefined } : { result, grownMiB: peak - before, peakMiB: peak };
  } finally {
    clearInterval(timer);
  }
}

// A worker listens on no port; it shows that it is alive by touching a file in the data folder. Run as a program, this
// file is the container's health check: it fails when no worker of this host has touched its file lately.
import { closeSync, futimesSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { dataDir } from '#src/config/environment.js';
import { fileURLToPath } from 'node:url';

const everyMs = 5_000;
/** Long, because one step of a large model may hold the event loop for a while. */
const staleMs = 600_000;

const folderOf = (dataDir: string): string => join(dataDir, 'workers');
const prefix = `${hostname()}-`;

export function reportHealth(dataDir: string): void {
  const folder = folderOf(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (name.startsWith(prefix) && !isThere(Number(name.slice(prefix.length)))) rmSync(join(folder, name), { force: true });
  const file = join(folder, `${prefix}${process.pid}`);
  // May be left by an earlier process with this id. Created exclusively, so that no link is followed.
  rmSync(file, { force: true });
  const descriptor = openSync(file, 'wx', 0o600);
  const touch = () => futimesSync(descriptor, new Date(), new Date());
  setInterval(touch, everyMs).unref();
  process.once('exit', () => {
    closeSync(descriptor);
    rmSync(file, { force: true });
  });
}

/** Whether a worker of this host is alive: its process exists and its file is recent. */
export function healthy(dataDir: string): boolean {
  const folder = folderOf(dataDir);
  const files = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder).filter((name) => name.startsWith(prefix)) : [];
  return files.some((name) => {
    const age = Date.now() - (statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    return age < staleMs && isThere(Number(name.slice(prefix.length)));
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exit(healthy(resolve(dataDir())) ? 0 : 1);
}

// A worker listens on no port, so it shows that it lives by touching a file. Run by itself, this file is the
// container's health check: it fails when the touch is too old.
import { statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = join(tmpdir(), 'plumbline-worker-alive');
const everyMs = 5_000;
/** Long, because one step of a large model may hold the event loop for a while. */
const staleMs = 120_000;

export function reportHealth(): void {
  const touch = () => writeFileSync(file, String(process.pid));
  touch();
  setInterval(touch, everyMs).unref();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  process.exit(age < staleMs ? 0 : 1);
}

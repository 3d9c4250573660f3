import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest `path` in a folder above `module`, which lies elsewhere in `dist/` than in the sources. */
export function findUpwards(module: string, path: string): string | undefined {
  for (let dir = dirname(fileURLToPath(module)); dirname(dir) !== dir; dir = dirname(dir)) {
    if (existsSync(join(dir, path))) return join(dir, path);
  }
  return undefined;
}

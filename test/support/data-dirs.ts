import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By the URL of their database: processes on one database have one artifact store. */
export const dataDirs = new Map<string, string>();

/** The folder of the app on this database; a new one, which goes with the process, if there is none. */
export function dataDirOf(databaseUrl: string): string {
  const known = dataDirs.get(databaseUrl);
  if (known !== undefined) return known;
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-node-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  dataDirs.set(databaseUrl, dir);
  return dir;
}

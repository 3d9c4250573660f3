import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  /** Set when the commands run as somebody else than this process. */
  readonly uid?: number;
  readonly gid?: number;
  run(file: string, args: string[]): Promise<unknown>;
}

/**
 * Postgres refuses to run as root. As root its commands run as `nobody`; where that user cannot reach
 * the folders (a clone below /root, or in a `mktemp -d`), Linux lends it the one capability to pass
 * through folders, and nothing else.
 *
 * @param binary a shipped Postgres program that must be reachable
 * @param dir the folder that will hold the cluster
 */
export async function postgresAccount(binary: string, dir: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { run: (file, args) => run(file, args, { cwd: '/' }) };
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  const gid = Number(execFileSync('id', ['-g', 'nobody'], { encoding: 'utf8' }));
  chmodSync(dir, 0o711);
  const reaches = (path: string) => spawnSync('test', ['-x', path], { uid, gid, cwd: '/' }).status === 0;
  if (reaches(binary) && reaches(dir)) {
    return { uid, gid, run: (file, args) => run(file, args, { uid, gid, cwd: '/' }) };
  }
  const lend = [
    `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups',
    // access(2) ignores capabilities unless this bit is set.
    '--securebits=+no_setuid_fixup', '--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search',
  ];
  if (spawnSync('setpriv', [...lend, 'test', '-x', binary], { cwd: '/' }).status !== 0) {
    throw new Error(
      `user 'nobody' cannot reach ${binary} or ${dir}, and Postgres does not run as root: ` +
        'clone to a folder that others may enter, run as a normal user, or set DATABASE_URL',
    );
  }
  return { uid, gid, run: (file, args) => run('setpriv', [...lend, file, ...args], { cwd: '/' }) };
}

import { execFileSync, spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { chmodSync } from 'node:fs';

/**
 * In a process group of its own: Ctrl-C at a terminal reaches the whole group, and a program that is cut short would leave
 * half a cluster, or an orphaned server.
 */
function run(file: string, args: string[], options: SpawnOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += String(data)));
    child.once('error', reject);
    // Not `close`: a started server keeps the pipe open while it runs.
    child.once('exit', (code) => {
      child.stderr.destroy();
      if (code === 0) resolve();
      else reject(Object.assign(new Error(`${file} ended with exit code ${code}: ${stderr.trim()}`), { stderr }));
    });
  });
}

export interface Account {
  /** Set if the commands run as a different user than this process. */
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

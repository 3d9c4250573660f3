import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isId } from '#src/common/id.js';
import { ProblemException, unavailable } from '#src/common/problem.js';
import { openFile, pieces, type OpenByteSource } from '#src/lm/files/byte-source.js';
import {
  ArtifactStore,
  ContentMismatchError,
  ContentMissingError,
  type ByteRange,
  type PutOptions,
  type StoredContent,
} from './artifact-store.js';


/**
 * One file per content, `sha256/ab/cdef...`; half-written ones only ever lie under `tmp/`. Once the store has a marker, a
 * folder without it is a store that is away (a volume that is not mounted, say), and nothing is written there.
 *
 * @throws ProblemException 503 `artifact_store_unavailable` when it is away, 507 `artifact_store_full` when its disk is full
 */
export class LocalArtifactStore extends ArtifactStore {
  private marked: string | undefined;

  constructor(private readonly directory: string) {
    super();
  }

  async put(content: AsyncIterable<Uint8Array>, { expectedSha256, beforePublishing }: PutOptions = {}): Promise<StoredContent> {
    await this.mustBeThere();
    const temporary = join(this.directory, 'tmp', randomUUID());
    try {
      await mkdir(dirname(temporary), { recursive: true });
      const stored = await write(temporary, content);
      if (expectedSha256 !== undefined && stored.sha256 !== expectedSha256) {
        throw new ContentMismatchError(expectedSha256, stored.sha256);
      }
      await beforePublishing?.(stored);
      // Over what may be there already: the same content, or one that was damaged since.
      await this.publish(temporary, stored.sha256);
      return stored;
    } catch (error) {
      throw await this.explained(error);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  async open(sha256: string, range?: ByteRange): Promise<Readable> {
    // Opened before the stream is handed out, so that a missing file is an error and not a broken answer.
    const file = await open(this.pathOf(sha256)).catch((error: unknown) => this.missing(sha256, error));
    return file.createReadStream(range);
  }

  async source(sha256: string): Promise<OpenByteSource> {
    return openFile(this.pathOf(sha256)).catch((error: unknown) => this.missing(sha256, error));
  }

  async exists(sha256: string): Promise<boolean> {
    return access(this.pathOf(sha256)).then(
      () => true,
      () => false,
    );
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
  }

  async marker(): Promise<string | undefined> {
    const found = await this.readMarker();
    this.marked ??= found;
    return found;
  }

  async mark(id: string): Promise<string> {
    await mkdir(this.directory, { recursive: true });
    try {
      // If several processes start on an empty store, one creates the file.
      const file = await open(this.markerFile, 'wx');
      await file.writeFile(`${id}\n`);
      await file.sync();
      await file.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    // The other one may have made the file and not written it yet.
    for (let attempt = 0; attempt < 50 && this.marked === undefined; attempt++) {
      this.marked = await this.readMarker();
      if (this.marked === undefined) await sleep(20);
    }
    if (this.marked === undefined) throw new Error(`${this.markerFile} holds no id`);
    return this.marked;
  }

  private get markerFile(): string {
    return join(this.directory, 'store-id');
  }

  private async readMarker(): Promise<string | undefined> {
    const text = (await readFile(this.markerFile, 'utf8').catch(() => '')).trim();
    return isId(text) ? text : undefined;
  }

  private async mustBeThere(): Promise<void> {
    if (this.marked === undefined || (await this.readMarker()) === this.marked) return;
    throw unavailable('artifact_store_unavailable', `the artifact store ${this.directory} is unavailable: its marker ${this.marked} is missing`);
  }

  /** The problem, if the store as a whole is at fault. */
  private async explained(error: unknown): Promise<unknown> {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return full(`the disk of the artifact store ${this.directory} is full`);
    if (code === undefined) return error;
    return this.mustBeThere().then(() => error, (away: unknown) => away);
  }

  private async missing(sha256: string, error: unknown): Promise<never> {
    const explained = await this.explained(error);
    throw (explained as NodeJS.ErrnoException).code === 'ENOENT' ? new ContentMissingError(sha256) : explained;
  }

  async sweepUnfinished(idleMs: number): Promise<void> {
    const folder = join(this.directory, 'tmp');
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      // Already gone: its writer was still alive, or another process swept it.
      const file = await stat(path).catch(() => undefined);
      if (file && Date.now() - file.mtimeMs > idleMs) await rm(path, { force: true });
    }
  }

  private async publish(temporary: string, sha256: string): Promise<void> {
    const path = this.pathOf(sha256);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
    // The rename itself is durable only when the folder is.
    await synced(dirname(path));
  }

  private pathOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('not a sha256 in hex');
    return join(this.directory, 'sha256', sha256.slice(0, 2), sha256.slice(2));
  }
}

async function write(path: string, content: AsyncIterable<Uint8Array>): Promise<StoredContent> {
  const file = await open(path, 'wx');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of content) {
      for (const piece of pieces(chunk)) {
        hash.update(piece);
        bytes += piece.length;
        await writeFully(file, piece);
      }
    }
    await file.sync();
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await file.close();
  }
}

async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

async function synced(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function full(detail: string): ProblemException {
  return new ProblemException({ status: 507, code: 'artifact_store_full', title: 'Not enough storage', detail });
}

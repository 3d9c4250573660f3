import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { openFile, pieces, type OpenByteSource } from '#src/lm/files/byte-source.js';
import {
  ArtifactStore,
  ContentMismatchError,
  ContentMissingError,
  type ByteRange,
  type PutOptions,
  type StoredContent,
} from './artifact-store.js';

/** One file per content, `sha256/ab/cdef...`; half-written ones only ever lie under `tmp/`. */
export class LocalArtifactStore extends ArtifactStore {
  constructor(private readonly directory: string) {
    super();
  }

  async put(content: AsyncIterable<Uint8Array>, { expectedSha256, beforePublishing }: PutOptions = {}): Promise<StoredContent> {
    const temporary = join(this.directory, 'tmp', randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    try {
      const stored = await write(temporary, content);
      if (expectedSha256 !== undefined && stored.sha256 !== expectedSha256) {
        throw new ContentMismatchError(expectedSha256, stored.sha256);
      }
      await beforePublishing?.(stored);
      // Over what may be there already: the same content, or one that was damaged since.
      await this.publish(temporary, stored.sha256);
      return stored;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async open(sha256: string, range?: ByteRange): Promise<Readable> {
    // Opened before the stream is handed out, so that a missing file is an error and not a broken answer.
    const file = await open(this.pathOf(sha256)).catch((error: unknown) => missing(sha256, error));
    return file.createReadStream(range);
  }

  async source(sha256: string): Promise<OpenByteSource> {
    return openFile(this.pathOf(sha256)).catch((error: unknown) => missing(sha256, error));
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

  async sweepUnfinished(idleMs: number): Promise<void> {
    const folder = join(this.directory, 'tmp');
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      // Gone by now: its writer was alive after all, or another process sweeps too.
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

function missing(sha256: string, error: unknown): never {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new ContentMissingError(sha256);
  throw error;
}

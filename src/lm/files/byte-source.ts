/**
 * Bytes of which any part can be read: a file, an artifact, an upload. Neither Node's `readFile` (2 GiB) nor the memory
 * bounds how many there are.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

export interface ByteSource {
  readonly bytes: number;
  /** Fills `into` with the bytes from `at` on. Rejects when there are fewer. */
  read(into: Uint8Array, at: number): Promise<void>;
}

export interface OpenByteSource extends ByteSource {
  close(): Promise<void>;
}

/** A call that reads, writes or hashes takes less than 2 GiB. */
const maxPiece = 1 << 30;

/** Views of `bytes` that such a call takes. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += maxPiece) yield bytes.subarray(at, at + maxPiece);
}

/** Rejects as `open` of Node does, with ENOENT when there is none. */
export async function openFile(path: string): Promise<OpenByteSource> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return { bytes: size, read: (into, at) => fill(handle, into, at), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function fill(handle: FileHandle, into: Uint8Array, at: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, Math.min(into.length - done, maxPiece), at + done);
    if (bytesRead === 0) throw new RangeError(`the file ended at byte ${at + done} while it was read`);
    done += bytesRead;
  }
}

export async function readRange(source: ByteSource, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await source.read(bytes, at);
  return bytes;
}

/** Hashes what is read through it, which must be everything, in order: a content is read and verified in one pass. */
export class HashingSource implements ByteSource {
  private readonly hash = createHash('sha256');
  private position = 0;

  constructor(private readonly inner: ByteSource) {}

  get bytes(): number {
    return this.inner.bytes;
  }

  async read(into: Uint8Array, at: number): Promise<void> {
    if (at !== this.position) throw new RangeError(`byte ${at} is read after byte ${this.position}: a hash needs them in order`);
    await this.inner.read(into, at);
    for (const piece of pieces(into)) this.hash.update(piece);
    this.position += into.length;
  }

  /** sha256 in hex. Throws RangeError when something was not read. */
  digest(): string {
    if (this.position !== this.bytes) throw new RangeError(`${this.position} of ${this.bytes} bytes were read`);
    return this.hash.digest('hex');
  }
}

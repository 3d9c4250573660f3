import type { Readable } from 'node:stream';
import { ProblemException } from '#src/common/problem.js';
import { readRange, type OpenByteSource } from '#src/lm/files/byte-source.js';

export interface StoredContent {
  /** Lower-case hex; the name of the content. */
  sha256: string;
  bytes: number;
}

export interface PutOptions {
  /** If given and the content differs, nothing is stored. */
  expectedSha256?: string;
  /** Awaited when the hash is known, before the content is stored. */
  beforePublishing?: (content: StoredContent) => Promise<void>;
}

/** First and last byte, both included, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Bytes by their sha256. What is stored never changes, and storing it again is a no-op. */
export abstract class ArtifactStore {
  /**
   * Stores a stream; once this resolves the content survives a crash.
   *
   * @throws ContentMismatchError
   */
  abstract put(content: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredContent>;

  /** @throws ContentMissingError */
  abstract open(sha256: string, range?: ByteRange): Promise<Readable>;

  /** To be read in parts; the caller closes it. @throws ContentMissingError */
  abstract source(sha256: string): Promise<OpenByteSource>;

  /** The whole content in memory. @throws ContentMissingError */
  async read(sha256: string): Promise<Uint8Array> {
    const source = await this.source(sha256);
    try {
      return await readRange(source, 0, source.bytes);
    } finally {
      await source.close();
    }
  }

  /** Id of the store, written in it; undefined when it has none. */
  abstract marker(): Promise<string | undefined>;

  /** Gives the store its id, unless it has one. @returns the id that it has */
  abstract mark(id: string): Promise<string>;

  abstract exists(sha256: string): Promise<boolean>;

  /** Deletes an unreferenced and unclaimed content; a missing one is no error. */
  abstract remove(sha256: string): Promise<void>;

  /** Deletes partial contents that were not written to for this long. */
  abstract sweepUnfinished(idleMs: number): Promise<void>;
}

export class ContentMismatchError extends Error {
  override readonly name = 'ContentMismatchError';

  constructor(
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`content has sha256 ${actual}, expected ${expected}`);
  }
}

/** The store is available but lacks the content: retrying does not help. */
export class ContentMissingError extends ProblemException {
  override readonly name = 'ContentMissingError';

  constructor(readonly sha256: string) {
    super({ status: 410, code: 'artifact_content_missing', title: 'The content is missing', detail: `content ${sha256} is missing from the artifact store` });
  }
}

/** Lets the event loop turn between chunks, so that leases are renewed while large states and models are written. */
export async function* inTurn(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

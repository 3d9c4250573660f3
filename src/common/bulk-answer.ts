// The answer to a bulk request of any length. Results wait until the body has been read, since many clients do not read
// an answer before they have sent their last byte, and since only then it is known that there is none but a 200. What
// waits is kept as JSON, the bulk of it in a file without a name, so that memory does not grow with the request.
import { StreamableFile } from '@nestjs/common';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BulkItemResult, BulkStatus } from './bulk.js';
import { newId } from './id.js';

const heldCharacters = 1_048_576;

export class BulkAnswer {
  private readonly counts: Record<BulkStatus, number> = { created: 0, duplicate: 0, failed: 0 };
  private held = '';
  private file: FileHandle | undefined;
  private fileBytes = 0;

  /** Results in the order of their lines. */
  async add(items: readonly BulkItemResult[]): Promise<void> {
    if (items.length === 0) return;
    for (const { status } of items) this.counts[status]++;
    if (this.held !== '' || this.file) this.held += ',';
    this.held += JSON.stringify(items).slice(1, -1);
    if (this.held.length >= heldCharacters) await this.putAside();
  }

  /** The `BulkResult` of all that was added. */
  finish(): StreamableFile {
    const { created, duplicate: duplicates, failed } = this.counts;
    const head = Buffer.from(`${JSON.stringify({ created, duplicates, failed }).slice(0, -1)},"items":[`);
    const tail = Buffer.from(`${this.held}]}`);
    const { file } = this;
    const content = Readable.from(parts(head, file, tail), { objectMode: false });
    // Also when the client has gone before the first byte.
    if (file) content.once('close', () => void file.close());
    return new StreamableFile(content, { type: 'application/json; charset=utf-8', length: head.length + this.fileBytes + tail.length });
  }

  /** Instead of `finish`. */
  async discard(): Promise<void> {
    await this.file?.close();
  }

  private async putAside(): Promise<void> {
    this.file ??= await nameless();
    const bytes = Buffer.from(this.held);
    this.held = '';
    await this.file.appendFile(bytes);
    this.fileBytes += bytes.length;
  }
}

async function* parts(head: Buffer, file: FileHandle | undefined, tail: Buffer): AsyncGenerator<Buffer> {
  yield head;
  if (file) for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) yield chunk as Buffer;
  yield tail;
}

/** Gone with the handle, however the process ends. */
async function nameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `plumbline-${newId()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

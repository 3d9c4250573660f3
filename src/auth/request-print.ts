// What makes two requests the same for an `Idempotency-Key`: method, address, and every byte of the body. A streamed body
// is known when it has been read, so that its part comes last.
import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { canonicalJson, sha256 } from '#src/common/hash.js';

export interface PrintedRequest {
  method: string;
  url: string;
  headers: { 'content-type'?: string };
  body?: unknown;
}

/** All that is known before a streamed body is read. */
export function headPrint({ method, url, headers, body }: PrintedRequest): string {
  return sha256(canonicalJson({ method, url, ...(body instanceof Readable ? { type: headers['content-type'] } : { body }) }));
}

/** Head and body in one text; `body` is absent while a stream is being read, and where there is none. */
export function joinPrint(head: string, body?: string): string {
  return body === undefined ? head : `${head}/${body}`;
}

export function splitPrint(print: string): { head: string; body?: string } {
  const [head, body] = print.split('/');
  return { head, body };
}

/** Passes a body through and fingerprints it on the way. */
export class PrintedBody {
  /** In place of the body. */
  readonly stream: Readable;
  private readonly hash: Hash = createHash('sha256');
  private bytes = 0;

  constructor(body: Readable) {
    this.stream = Readable.from(this.read(body), { objectMode: false });
  }

  /** `BYTES-SHA256` of what was read so far. */
  print(): string {
    return `${this.bytes}-${this.hash.copy().digest('hex')}`;
  }

  private async *read(body: Readable): AsyncGenerator<Buffer> {
    // Destroying the request would close the connection before the answer is on it.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      this.hash.update(chunk as Buffer);
      this.bytes += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }
}

/** Whether a body is the one with this print. One that is longer is not read to its end. */
export async function hasPrint(body: Readable, print: string): Promise<boolean> {
  const bytes = Number(print.slice(0, print.indexOf('-')));
  const printed = new PrintedBody(body);
  let read = 0;
  for await (const chunk of printed.stream) {
    read += (chunk as Buffer).length;
    if (read > bytes) return false;
  }
  return printed.print() === print;
}

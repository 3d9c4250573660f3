/**
 * A place in the first bytes of a file. Whatever a length field claims is compared with the size of the
 * whole file before anything is allocated; a value that lies in the file but not in the bytes at hand
 * asks for more of them.
 */
import { GgufError } from './gguf-error.js';

/** Not an error of the file: reading has to start again with at least `bytes` of it. */
export class NeedMoreBytes extends Error {
  constructor(readonly bytes: number) {
    super(`needs ${bytes} bytes`);
  }
}

const strict = new TextDecoder('utf-8', { fatal: true });
const lenient = new TextDecoder();

export class Cursor {
  at = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fileBytes: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws GgufError unless `count` items of at least `size` bytes can still follow. */
  checkRoom(count: number, size: number, what: string): void {
    if (count * size > this.fileBytes - this.at)
      throw new GgufError(`${what}: ${count} items at byte ${this.at} reach past the end of a file of ${this.fileBytes} bytes`);
  }

  private take(length: number, what: string): number {
    this.checkRoom(length, 1, what);
    const start = this.at;
    if (start + length > this.bytes.length) throw new NeedMoreBytes(start + length);
    this.at = start + length;
    return start;
  }

  u32(what: string): number {
    return this.view.getUint32(this.take(4, what), true);
  }

  /** A 64-bit count; those over 2^53 cannot be true of any file. */
  count(what: string): number {
    const value = this.view.getBigUint64(this.take(8, what), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new GgufError(`${what}: ${value} is not a valid count`);
    return Number(value);
  }

  /** Bytes copied to an aligned buffer of their own. */
  raw(length: number, what: string): ArrayBuffer {
    const start = this.take(length, what);
    return new Uint8Array(this.bytes.subarray(start, start + length)).buffer;
  }

  /** UTF-8 with its length in front. Names must be valid; in other text broken bytes become U+FFFD. */
  text(what: string, decoder: 'name' | 'value' = 'value'): string {
    const length = this.count(what);
    const start = this.take(length, what);
    const bytes = this.bytes.subarray(start, start + length);
    if (decoder === 'value') return lenient.decode(bytes);
    try {
      return strict.decode(bytes);
    } catch {
      throw new GgufError(`${what} is not UTF-8`);
    }
  }
}

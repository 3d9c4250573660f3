// Sets of lines that land once, however often their bulk request is cut off and repeated under its Idempotency-Key. Who keeps the
// key says how (auth/idempotency.interceptor.ts); who reads the lines only says what a set is.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { BulkItemResult } from './bulk.js';

type Write = () => Promise<BulkItemResult[]>;

/** Calls `write`, or gives what it gave when the same lines were written before. */
export type WriteOnce = (lines: readonly { line: number }[], write: Write) => Promise<BulkItemResult[]>;

const keys = new AsyncLocalStorage<WriteOnce>();

/** `writeOnce` inside of `work` is `once`. */
export function underKey<T>(once: WriteOnce, work: () => Promise<T>): Promise<T> {
  return keys.run(once, work);
}

/** @param lines a set, whose limits depend on the body alone, not on how it arrives */
export const writeOnce: WriteOnce = (lines, write) => {
  const once = keys.getStore();
  return once && lines.length > 0 ? once(lines, write) : write();
};

import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** A new UUIDv7: ordered by time of creation, so that `order by id` is a page order. */
export function newId(): string {
  return v7();
}

/** Many ids at once, in order; random bytes, the main cost of an id, are drawn only once. */
export function newIds(count: number): string[] {
  const random = randomFillSync(new Uint8Array(16 * count));
  const msecs = Date.now();
  // The counter of RFC 9562, 6.2: it starts low enough not to run over.
  const start = random.length === 0 ? 0 : (random[0] << 16) | (random[1] << 8) | random[2];
  return Array.from({ length: count }, (_, i) => v7({ random: random.subarray(16 * i, 16 * i + 16), msecs, seq: start + i }));
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** As ids are stored: in lower case. */
export const isId = (value: unknown): value is string => typeof value === 'string' && uuid.test(value);

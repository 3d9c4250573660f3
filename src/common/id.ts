import { v7 } from 'uuid';

/** A new UUIDv7: ordered by time of creation, so that `order by id` is a page order. */
export function newId(): string {
  return v7();
}

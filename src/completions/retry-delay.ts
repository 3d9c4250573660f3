/** How long to wait before asking a busy or broken server again. */
const [firstMs, longestMs, longestAskedMs] = [500, 30_000, 300_000];

/**
 * Milliseconds after failed attempt number `attempt` (from 1): doubling, half of it by chance so that clients
 * do not come back together. What a `Retry-After` header asks for (seconds, or an HTTP date; RFC 9110, 10.2.3)
 * is waited instead, up to five minutes.
 */
export function retryDelay(
  attempt: number,
  { retryAfter, now = Date.now(), random = Math.random() }: { retryAfter?: string; now?: number; random?: number } = {},
): number {
  const asked = retryAfter === undefined ? undefined : askedFor(retryAfter.trim(), now);
  if (asked !== undefined) return Math.min(asked, longestAskedMs);
  return Math.min(firstMs * 2 ** (attempt - 1), longestMs) * (0.5 + 0.5 * random);
}

function askedFor(value: string, now: number): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * The next state of a delivery after an attempt. The schedule is the one that the Standard Webhooks specification gives
 * as an example: ten attempts over a little more than three days. A tenth of each wait is up to chance, so that
 * what failed together does not come back together.
 */

/** Seconds between one attempt and the next: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
export const retryAfterSeconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
/** An endpoint that has answered nothing well for so long is switched off. */
export const disableAfterSeconds = 2.5 * 86_400;

export interface AttemptResult {
  /** Null when there was no answer. */
  status: number | null;
}

export interface Standing {
  /** This attempt's number, from 1. */
  attempt: number;
  /** Since the endpoint's first failure after its last success; 0 where this is the first. */
  failingForSeconds: number;
}

export type Verdict =
  | { state: 'delivered' }
  | { state: 'pending'; delaySeconds: number; disable?: DisableReason }
  | { state: 'failed'; disable?: DisableReason };

/** `gone`: it responded 410. `requested`: it was disabled through the API. */
export const disableReasons = ['failing', 'gone', 'requested'] as const;
export type DisableReason = (typeof disableReasons)[number];

/** Any 2xx is success; redirects are not followed and count as failures. */
export function judge({ status }: AttemptResult, { attempt, failingForSeconds }: Standing, random = Math.random()): Verdict {
  if (status !== null && status >= 200 && status < 300) return { state: 'delivered' };
  const disable: DisableReason | undefined = status === 410 ? 'gone' : failingForSeconds >= disableAfterSeconds ? 'failing' : undefined;
  const reason = disable && { disable };
  const wait = retryAfterSeconds.at(attempt - 1);
  if (wait === undefined || status === 410) return { state: 'failed', ...reason };
  return { state: 'pending', delaySeconds: wait * (0.95 + 0.1 * random), ...reason };
}

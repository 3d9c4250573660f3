import { ProblemException } from '#src/common/problem.js';

/** The entity tag of a version, `"7"`; `"7-waiting"` while no worker serves the job, which its version does not cover. */
export function etagOf({ version, waitingFor }: { version: number; waitingFor?: string | null }): string {
  return waitingFor ? `"${version}-waiting"` : `"${version}"`;
}

/** Longest wait of one request, so that proxies in between do not give up first. */
const maxWaitSeconds = 60;

/** Seconds of `Prefer: wait=N` (RFC 7240), at most `maxWaitSeconds`; undefined when not asked for. */
export function preferredWait(header: string | undefined): number | undefined {
  for (const preference of (header ?? '').split(',')) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i.exec(preference)?.[1];
    if (seconds !== undefined) return Math.min(maxWaitSeconds, Number(seconds));
  }
  return undefined;
}

/** `Last-Event-ID` of an event stream; '0', which is before all, when there is none. */
export function parseEventId(header: string | undefined): string {
  if (header === undefined || header === '') return '0';
  if (/^\d{1,18}$/.test(header)) return header;
  throw new ProblemException({
    status: 400,
    code: 'invalid_last_event_id',
    title: 'Unknown event id',
    detail: 'Last-Event-ID must be the id of an event of this stream',
  });
}

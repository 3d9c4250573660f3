import type { ProblemInit } from './problem.js';

/** Postgres is away, shuts down, starts or takes no more connections. */
const awayStates = /^(08...|57P0[1-5]|53[34]00|25006)$/;
const awayErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
/** Messages of the driver and its pool that have no code. */
const awayWords = /connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|cannot use a pool after|connection is not established|driver not connected/i;
const fullErrors = new Set(['ENOSPC', 'EDQUOT', '53100']);

/** The problem when a service that Plumbline depends on is unavailable: the request is not at fault and can be retried later. */
export function outage(error: unknown): ProblemInit | undefined {
  const { code = '', message = '' } = ((error as { driverError?: unknown } | null)?.driverError ?? error ?? {}) as { code?: string; message?: string };
  if (fullErrors.has(code)) {
    return { status: 507, code: 'storage_full', title: 'Not enough storage', detail: 'free disk space, then retry the request' };
  }
  if (!awayStates.test(code) && !awayErrors.has(code) && !awayWords.test(message)) return undefined;
  return databaseUnavailable;
}

export const databaseUnavailable: ProblemInit = {
  status: 503,
  code: 'database_unavailable',
  title: 'The database is unavailable',
  detail: 'send the request again',
  headers: { 'retry-after': '5' },
};

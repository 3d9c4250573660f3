import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one request or one job carries: ids and names, never texts. */
export const logContext = new AsyncLocalStorage<Record<string, unknown>>();

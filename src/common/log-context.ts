import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields of every log line of a request or job: ids and names, never texts. */
export const logContext = new AsyncLocalStorage<Record<string, unknown>>();

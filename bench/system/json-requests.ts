import type { Plumbline } from '#sdk/client.js';

/** A JSON answer by path; the type is the caller's word. */
export async function getJson<T>(client: Plumbline, path: string): Promise<T> {
  return (await client.raw('GET', path)).json() as Promise<T>;
}

export async function postJson<T>(client: Plumbline, path: string, body: object): Promise<T> {
  const init = { body: JSON.stringify(body), contentType: 'application/json' };
  return (await client.raw('POST', path, init)).json() as Promise<T>;
}

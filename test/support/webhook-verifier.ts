import { webcrypto } from 'node:crypto';

/**
 * What a receiver does (Standard Webhooks 1.0.0, "Verifying signatures"), written from the specification and not with
 * our signing code.
 *
 * @returns the body's JSON
 * @throws Error when no signature is that of the secret, or the timestamp is more than five minutes off
 */
export async function verifyWebhook(secret: string, body: string, headers: Readonly<Record<string, unknown>>): Promise<unknown> {
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (character) => character.charCodeAt(0));
  const key = await webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) throw new Error('the timestamp is too old or too new');
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  for (const given of String(headers['webhook-signature']).split(' ')) {
    const [version, signature] = given.split(',');
    const raw = Uint8Array.from(atob(signature), (character) => character.charCodeAt(0));
    if (version === 'v1' && (await webcrypto.subtle.verify('HMAC', key, raw, signed))) return JSON.parse(body);
  }
  throw new Error('no signature is that of the secret');
}

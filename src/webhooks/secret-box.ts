/**
 * Secrets that must be readable to sign with, as they lie in the database: AES-256-GCM under `SECRETS_KEY`, bound to
 * the row they belong to, or plain where there is no key. Either form is read, so that a key can be given later.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const [nonceBytes, tagBytes] = [12, 16];

/** Of a secret that was encrypted. */
export const sealedPrefix = 'gcm:';

export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError';
}

/** @param owner id of the row; a sealed secret copied to another row does not open */
export function seal(secret: string, key: Buffer | undefined, owner: string): string {
  if (key === undefined) return `plain:${secret}`;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return `${sealedPrefix}${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

/** @throws SecretBoxError without the key, or with another one */
export function open(stored: string, key: Buffer | undefined, owner: string): string {
  if (stored.startsWith('plain:')) return stored.slice('plain:'.length);
  if (key === undefined) throw new SecretBoxError('a stored secret is encrypted, but SECRETS_KEY is not set');
  const bytes = Buffer.from(stored.slice(sealedPrefix.length), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(owner));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    throw new SecretBoxError('a stored secret cannot be decrypted with this SECRETS_KEY');
  }
}

/** Artifacts as files, however large, under their name only once they are whole. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plumbline } from '#sdk/client.js';

export class DownloadError extends Error {
  override name = 'DownloadError';
}

export interface RemoteFile {
  artifactId: string;
  sha256: string;
}

/** Rejects with PlumblineError where the API refuses, DownloadError when what came is not the content. */
export async function download(client: Plumbline, { artifactId, sha256 }: RemoteFile, path: string, onBytes?: (bytes: number) => void): Promise<void> {
  const partial = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const response = await client.raw('GET', `/v1/artifacts/${artifactId}/content`);
    const actual = await write(partial, response.body, onBytes);
    if (actual !== sha256) throw new DownloadError(`artifact ${artifactId} came with the sha256 ${actual}, expected ${sha256}`);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/** sha256 of what was written. */
async function write(path: string, body: ReadableStream<Uint8Array> | null, onBytes?: (bytes: number) => void): Promise<string> {
  const file = await open(path, 'w');
  const hash = createHash('sha256');
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      await file.writeFile(chunk);
      onBytes?.(chunk.length);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

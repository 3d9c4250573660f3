/**
 * One file of the Hub -> one blob of the cache. What arrived is kept as `<hash>.incomplete`, also after a
 * crash, and asked on from its end (HTTP Range); the blob gets its name only when size and hash are right.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubError } from './hub-error.js';
import { type HubClient, type RemoteFile } from './hub-client.js';
import { repositoryId, type Repository } from './repository.js';

export interface DownloadTask {
  client: HubClient;
  repository: Repository;
  commit: string;
  file: RemoteFile;
  /** Where the contents go. */
  blob: string;
  /** Bytes that lie on disk by now. */
  onProgress?: (bytes: number) => void;
}

/** Throws HubError when the file cannot be had, or is not what the Hub said it is. */
export async function downloadFile(task: DownloadTask): Promise<void> {
  const { file, blob, client } = task;
  const partial = `${blob}.incomplete`;
  await mkdir(dirname(blob), { recursive: true });
  let failures = 0;
  for (;;) {
    const before = await sizeOf(partial);
    const problem = await continueFrom(task, partial, before).catch((error: unknown) => {
      if (!isCut(error)) throw error;
      return error;
    });
    if (problem === undefined) break;
    failures = (await sizeOf(partial)) > before ? 1 : failures + 1;
    if (failures >= client.attempts)
      throw new HubError(`${name(task)}: the connection was cut ${failures} times (${problem.message})`, undefined, { cause: problem });
    await client.pause(failures);
  }
  await verify(task, partial, file);
  await rename(partial, blob);
}

const name = ({ repository, file }: DownloadTask): string => `${repositoryId(repository)}@${repository.revision}: ${file.path}`;

/** Failures of the body; those of the request were tried again and explained by the client. */
const isCut = (error: unknown): error is Error =>
  error instanceof TypeError || ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');

async function continueFrom(task: DownloadTask, partial: string, have: number): Promise<Error | undefined> {
  const { client, repository, commit, file, onProgress } = task;
  onProgress?.(Math.min(have, file.bytes));
  if (have === file.bytes && (await stat(partial).catch(() => undefined))) return undefined;
  const from = have < file.bytes ? have : 0;
  const response = await client.open(repository, commit, file.path, from);
  const at = startOf(response, from);
  if (at === undefined) {
    // The server would not go on from here, so that what is here cannot be part of the file.
    await response.body?.cancel();
    await rm(partial, { force: true });
    return new TypeError(`no answer from byte ${from} on`);
  }
  const handle = await open(partial, at === 0 ? 'w' : 'r+');
  try {
    const end = await append(handle, at, response, task);
    return end === file.bytes ? undefined : new TypeError(`it ended at byte ${end} of ${file.bytes}`);
  } finally {
    await handle.close();
  }
}

/** Where the answer's first byte belongs: 0 for a whole file, undefined when it does not fit to `from`. */
function startOf(response: Response, from: number): number | undefined {
  if (response.status === 200) return 0;
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return response.status === 206 && match && Number(match[1]) === from ? from : undefined;
}

async function append(handle: FileHandle, from: number, response: Response, task: DownloadTask): Promise<number> {
  let at = from;
  if (!response.body) return at;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > task.file.bytes)
      throw new HubError(`${name(task)}: more than the ${task.file.bytes} bytes that the Hub lists arrived`);
    await writeAll(handle, chunk, at);
    at += chunk.length;
    task.onProgress?.(at);
  }
  return at;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function verify(task: DownloadTask, path: string, { bytes, hash, hashKind }: RemoteFile): Promise<void> {
  const found = await hashFile(path, hashKind, bytes);
  if (found === hash) return;
  await rm(path, { force: true });
  throw new HubError(`${name(task)}: the contents have the hash ${found}, the Hub lists ${hash}; they were removed`);
}

async function hashFile(path: string, kind: RemoteFile['hashKind'], bytes: number): Promise<string> {
  const hash: Hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1');
  // Git hashes a kind and a length with the contents.
  if (kind === 'git-sha1') hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

const sizeOf = async (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

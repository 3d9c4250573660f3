/**
 * Talking to the Hub: what a revision contains, and answers for single files. Questions are put by
 * @huggingface/hub; every request goes through one function that adds the token (only for the Hub itself),
 * tries again after failures that pass, and turns the others into one clear error.
 */
import { setTimeout } from 'node:timers/promises';
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { HubError } from './hub-error.js';
import { isCommit, repositoryId, type Environment, type Repository } from './repository.js';

export interface RemoteFile {
  path: string;
  bytes: number;
  /** What the contents hash to, and how: git's blob hash for small files, sha256 for large ones. */
  hash: string;
  hashKind: 'git-sha1' | 'sha256';
}

export interface RemoteRevision {
  commit: string;
  files: RemoteFile[];
}

export interface HubClientOptions {
  env: Environment;
  signal?: AbortSignal;
  /** Tries in a row without progress, and the first pause, which doubles. */
  attempts?: number;
  pauseMs?: number;
}

const maxPauseMs = 60_000;
/** No model has so many files; a longer list is a broken or hostile answer. */
const maxFiles = 100_000;

export class HubClient {
  readonly attempts: number;
  private readonly endpoint: URL;
  private readonly token: string | undefined;
  private readonly signal: AbortSignal | undefined;
  private readonly pauseMs: number;

  constructor({ env, signal, attempts = 5, pauseMs = 500 }: HubClientOptions) {
    const endpoint = env.HF_ENDPOINT ?? 'https://huggingface.co';
    if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
      throw new HubError(`HF_ENDPOINT ${JSON.stringify(endpoint)} is not an http or https address`);
    this.endpoint = new URL(endpoint);
    this.token = env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN;
    this.signal = signal;
    this.attempts = attempts;
    this.pauseMs = pauseMs;
  }

  /** The commit that a revision names now, and its files. */
  async revision(repository: Repository): Promise<RemoteRevision> {
    const common = { hubUrl: this.endpoint.href.replace(/\/+$/, ''), fetch: this.fetch };
    const id = repositoryId(repository);
    try {
      const { sha } = await modelInfo({ ...common, name: id, revision: repository.revision, additionalFields: ['sha'] });
      if (!isCommit(sha)) throw new HubError(`${id}: the Hub returned ${JSON.stringify(sha)}, which is not a commit`);
      const files: RemoteFile[] = [];
      let seen = 0;
      for await (const entry of listFiles({ ...common, repo: { type: 'model', name: id }, revision: sha })) {
        if (++seen > maxFiles) throw new HubError(`${id}: the Hub lists more than ${maxFiles} files`);
        if (entry.type === 'file') files.push(remoteFile(id, entry));
      }
      return { commit: sha, files };
    } catch (error) {
      throw explain(error, `${id}@${repository.revision}`, this.endpoint);
    }
  }

  /** The contents of a file from byte `from` on; the answer is 200, 206 or 416. */
  async open(repository: Repository, commit: string, path: string, from: number): Promise<Response> {
    const id = repositoryId(repository);
    const url = new URL(`${id}/resolve/${commit}/${encodeURIComponent(path)}`, `${this.endpoint.href.replace(/\/+$/, '')}/`);
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
    const response = await this.fetch(url.href, { headers });
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw explain(new HubApiError(url.href, response.status), `${id}@${repository.revision}: ${path}`, this.endpoint);
  }

  /** A pause before try number `attempt` (from 1), longer each time. */
  async pause(attempt: number, retryAfter?: string | null): Promise<void> {
    const asked = Number(retryAfter) * 1000;
    const wanted = asked > 0 ? asked : this.pauseMs * 2 ** (attempt - 1);
    await setTimeout(Math.min(wanted, maxPauseMs), undefined, { signal: this.signal });
  }

  /** fetch that repeats what may succeed later: no connection, 408, 429 and 5xx. */
  private readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    // A page link or a redirect may lead elsewhere; the token is for the Hub alone.
    if (this.token && url.origin === this.endpoint.origin) headers.set('authorization', `Bearer ${this.token}`);
    for (let attempt = 1; ; attempt++) {
      this.signal?.throwIfAborted();
      const result = await fetch(url, { ...init, headers, signal: this.signal }).catch((error: unknown) => error as Error);
      const passes = result instanceof Error || result.status === 408 || result.status === 429 || result.status >= 500;
      this.signal?.throwIfAborted();
      if (!passes || attempt >= this.attempts) {
        if (result instanceof Error) throw result;
        return result;
      }
      if (!(result instanceof Error)) await result.body?.cancel();
      await this.pause(attempt, result instanceof Error ? null : result.headers.get('retry-after'));
    }
  };
}

interface TreeEntry {
  path: unknown;
  size: unknown;
  oid?: unknown;
  lfs?: { oid?: unknown; size?: unknown };
}

function remoteFile(id: string, { path, size, oid, lfs }: TreeEntry): RemoteFile {
  const hash = lfs ? String(lfs.oid).replace(/^sha256:/, '') : oid;
  const bytes = lfs?.size ?? size;
  const pattern = lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/;
  if (typeof path !== 'string' || typeof hash !== 'string' || !pattern.test(hash) || !Number.isSafeInteger(bytes) || (bytes as number) < 0)
    throw new HubError(`${id}: the Hub lists ${JSON.stringify({ path, size, oid, lfs }).slice(0, 300)}, which is not a file`);
  return { path, bytes: bytes as number, hash, hashKind: lfs ? 'sha256' : 'git-sha1' };
}

function explain(error: unknown, what: string, endpoint: URL): unknown {
  if (error instanceof HubError || (error as Error).name === 'AbortError') return error;
  const cause = { cause: error };
  if (!(error instanceof HubApiError)) {
    const reason = ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message;
    return new HubError(`${what}: ${endpoint.origin} cannot be reached (${reason})`, undefined, cause);
  }
  const reasons: Record<number, string> = {
    401: 'does not exist or needs a token: set HF_TOKEN',
    403: 'is not accessible with this token: request access on its page, or set another HF_TOKEN',
    404: 'does not exist',
    429: 'cannot be read now: the Hub limits the request rate of this address',
  };
  return new HubError(`${what}: ${reasons[error.statusCode] ?? `the Hub answered ${error.statusCode}`}`, error.statusCode, cause);
}

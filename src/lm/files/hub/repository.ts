/**
 * A repository of the Hub and a revision in it, and where its files lie in the cache. The layout is the
 * one of huggingface_hub, so that caches can be shared:
 *
 *   models--owner--name/refs/main              the commit a branch was last seen at
 *   models--owner--name/blobs/<hash>           contents
 *   models--owner--name/snapshots/<commit>/... links to contents by file name
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HubError } from './hub-error.js';

export interface Repository {
  owner: string;
  name: string;
  /** Branch, tag or commit. */
  revision: string;
}

const part = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_-])?$/;
const revisionPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const commitPattern = /^[0-9a-f]{40}$/;

export const isCommit = (text: unknown): text is string => typeof text === 'string' && commitPattern.test(text);

/** `owner/name` or `owner/name@revision`. Throws HubError naming the part that no repository can have. */
export function parseRepository(text: string): Repository {
  const [path, revision = 'main', ...more] = text.split('@');
  const [owner, name, ...rest] = path.split('/');
  const isName = (value: string | undefined): value is string =>
    value !== undefined && part.test(value) && !value.includes('--') && !value.includes('..');
  if (!isName(owner) || !isName(name) || rest.length > 0 || more.length > 0)
    throw new HubError(`${JSON.stringify(text)} is not a repository: owner/name or owner/name@revision is needed`);
  if (revision.length > 200 || !revisionPattern.test(revision) || revision.includes('..'))
    throw new HubError(`${JSON.stringify(revision)} is not a revision: a branch, tag or commit is needed`);
  return { owner, name, revision };
}

export const repositoryId = ({ owner, name }: Repository): string => `${owner}/${name}`;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The cache folder: HF_HUB_CACHE, HF_HOME/hub, `dataDir`/hub, or the one other tools use, in this order. */
export function cacheFolder(env: Environment, dataDir?: string): string {
  if (env.HF_HUB_CACHE) return env.HF_HUB_CACHE;
  if (env.HF_HOME) return join(env.HF_HOME, 'hub');
  if (dataDir) return join(dataDir, 'hub');
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface', 'hub');
}

export interface RepositoryCache {
  /** Holds the commit of a branch or tag. */
  ref: string;
  blobs: string;
  snapshot: (commit: string) => string;
}

export function repositoryCache(folder: string, { owner, name, revision }: Repository): RepositoryCache {
  const root = join(folder, `models--${owner}--${name}`);
  return {
    ref: join(root, 'refs', ...revision.split('/')),
    blobs: join(root, 'blobs'),
    snapshot: (commit) => join(root, 'snapshots', commit),
  };
}

/** HF_HUB_OFFLINE as huggingface_hub reads it. */
export const isOffline = (env: Environment): boolean => /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? '');

/**
 * A model of the Hub as a folder of the cache: the files a checkpoint is read from and no others, each
 * verified. Without a connection (HF_HUB_OFFLINE=1) the cache alone has to have them.
 */
import { copyFile, lstat, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { checkPlainFileName, indexFile, parseShardIndex, shardNames, weightsFile } from '../shards.js';
import { downloadFile } from './download-file.js';
import { HubClient, type HubClientOptions, type RemoteFile, type RemoteRevision } from './hub-client.js';
import { HubError } from './hub-error.js';
import {
  cacheFolder,
  isCommit,
  isOffline,
  repositoryCache,
  repositoryId,
  type Environment,
  type Repository,
  type RepositoryCache,
} from './repository.js';

export interface DownloadProgress {
  /** The file that is being fetched. */
  file: string;
  doneBytes: number;
  totalBytes: number;
}

export interface DownloadOptions extends Omit<HubClientOptions, 'env'> {
  /** One .gguf file instead of configuration, tokenizer and safetensors. */
  ggufFile?: string;
  /** The cache lies in `dataDir`/hub unless HF_HUB_CACHE or HF_HOME say otherwise. */
  dataDir?: string;
  /** Refuses models whose files have more bytes than this together. */
  maxBytes?: number;
  onProgress?: (progress: DownloadProgress) => void;
  /** HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE, HF_HOME and HF_HUB_OFFLINE, as the Hub's own tools take them. */
  env?: Environment;
}

export interface DownloadedModel {
  /** The snapshot folder. */
  directory: string;
  commit: string;
  /** Plain names within the folder. */
  files: string[];
}

const needed = ['config.json', 'tokenizer.json'];
const welcome = ['generation_config.json', 'tokenizer_config.json', 'chat_template.jinja'];

/** Throws HubError naming what is missing, refused or wrong; rejects with the signal's reason when aborted. */
export async function downloadModel(repository: Repository, options: DownloadOptions = {}): Promise<DownloadedModel> {
  const { env = {}, dataDir, ggufFile } = options;
  if (ggufFile !== undefined) {
    checkPlainFileName(ggufFile, repositoryId(repository));
    if (!ggufFile.endsWith('.gguf')) throw new HubError(`${ggufFile} is not a .gguf file`);
  }
  const cache = repositoryCache(cacheFolder(env, dataDir), repository);
  if (isOffline(env)) return fromCache(repository, cache, ggufFile);
  const client = new HubClient({ ...options, env });
  const remote = await client.revision(repository);
  const fetcher = new Fetcher(client, repository, remote, cache, options);
  const files = ggufFile === undefined ? await fetchCheckpoint(fetcher) : await fetcher.fetch([ggufFile]);
  if (!isCommit(repository.revision)) {
    await mkdir(dirname(cache.ref), { recursive: true });
    await writeFile(cache.ref, remote.commit);
  }
  return { directory: cache.snapshot(remote.commit), commit: remote.commit, files };
}

async function fetchCheckpoint(fetcher: Fetcher): Promise<string[]> {
  const small = [...needed, ...welcome.filter((name) => fetcher.has(name))];
  if (fetcher.has(weightsFile)) return fetcher.fetch([...small, weightsFile]);
  if (!fetcher.has(indexFile)) {
    const gguf = fetcher.names().filter((name) => name.endsWith('.gguf'));
    const hint = gguf.length > 0 ? `; choose one of its GGUF files: ${gguf.slice(0, 20).join(', ')}` : '';
    throw new HubError(`${fetcher.what}: has no ${weightsFile}${hint}`);
  }
  const first = await fetcher.fetch([...small, indexFile]);
  const shards = shardNames(parseShardIndex(await readFile(fetcher.pathOf(indexFile), 'utf8')));
  return [...first, ...(await fetcher.fetch(shards))];
}

/** Fetches files of one revision by plain name, counting bytes over all of them. */
class Fetcher {
  readonly what: string;
  private readonly files: Map<string, RemoteFile>;
  private doneBytes = 0;
  private totalBytes = 0;

  constructor(
    private readonly client: HubClient,
    private readonly repository: Repository,
    private readonly remote: RemoteRevision,
    private readonly cache: RepositoryCache,
    private readonly options: DownloadOptions,
  ) {
    this.what = `${repositoryId(repository)}@${repository.revision}`;
    // Files are asked for by name, never by what the list calls them: folders and tricks with paths are out.
    this.files = new Map(remote.files.map((file) => [file.path, file]));
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  names(): string[] {
    return [...this.files.keys()];
  }

  pathOf(name: string): string {
    return join(this.cache.snapshot(this.remote.commit), name);
  }

  async fetch(names: string[]): Promise<string[]> {
    const wanted = names.map((name) => {
      checkPlainFileName(name, this.what);
      const file = this.files.get(name);
      if (!file) throw new HubError(`${this.what}: has no ${name}`);
      return file;
    });
    this.totalBytes += wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    const { maxBytes = Infinity } = this.options;
    if (this.totalBytes > maxBytes)
      throw new HubError(`${this.what}: ${this.totalBytes} bytes are more than the limit of ${maxBytes}`);
    for (const file of wanted) await this.fetchOne(file);
    return names;
  }

  private async fetchOne(file: RemoteFile): Promise<void> {
    const { client, repository, cache, remote, doneBytes: before } = this;
    const blob = join(cache.blobs, file.hash);
    const report = (bytes: number): void => {
      this.doneBytes = before + bytes;
      this.options.onProgress?.({ file: file.path, doneBytes: this.doneBytes, totalBytes: this.totalBytes });
    };
    // A blob gets its name only after it was verified; its size shows whether it was truncated since.
    const have = await stat(blob).then(({ size }) => size, () => undefined);
    if (have !== file.bytes) {
      await rm(blob, { force: true });
      await downloadFile({ client, repository, commit: remote.commit, file, blob, onProgress: report });
    }
    report(file.bytes);
    await link(blob, this.pathOf(file.path));
  }
}

/** A relative link, as the cache's other users make it; a copy where the system forbids links. */
async function link(blob: string, path: string): Promise<void> {
  const target = relative(dirname(path), blob);
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await mkdir(dirname(path), { recursive: true });
  if (await lstat(path).catch(() => undefined)) await rm(path);
  await symlink(target, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    if (error.code !== 'EPERM' && error.code !== 'ENOSYS') throw error;
    await copyFile(blob, path);
  });
}

async function fromCache(repository: Repository, cache: RepositoryCache, ggufFile?: string): Promise<DownloadedModel> {
  const what = `${repositoryId(repository)}@${repository.revision}`;
  const missing = (name: string): never => {
    throw new HubError(`${what}: ${name} is not in the cache, and HF_HUB_OFFLINE prevents downloading it`);
  };
  const ref = isCommit(repository.revision) ? repository.revision : await readFile(cache.ref, 'utf8').catch(() => '');
  const commit = ref.trim();
  if (!isCommit(commit)) return missing(ggufFile ?? needed[0]);
  const directory = cache.snapshot(commit);
  const has = (name: string): Promise<boolean> => stat(join(directory, name)).then((found) => found.isFile(), () => false);
  const files: string[] = [];
  const need = async (name: string): Promise<void> => void ((await has(name)) ? files.push(name) : missing(name));
  if (ggufFile !== undefined) {
    await need(ggufFile);
    return { directory, commit, files };
  }
  for (const name of needed) await need(name);
  for (const name of welcome) if (await has(name)) files.push(name);
  if (await has(indexFile)) {
    const shards = shardNames(parseShardIndex(await readFile(join(directory, indexFile), 'utf8')));
    for (const name of [indexFile, ...shards]) await need(name);
  } else await need(weightsFile);
  return { directory, commit, files };
}

/**
 * One entry point for every source of a model: `hub:owner/name[@revision]`, `hub:owner/name[@revision]:file.gguf`,
 * a .gguf file, or a folder of Hugging Face files.
 */
import { readCheckpointDir, type Checkpoint } from './checkpoint.js';
import { readCheckpointFile } from './gguf/read-gguf.js';
import { downloadModel, type DownloadOptions } from './hub/download-model.js';
import { parseRepository, type Repository } from './hub/repository.js';
import { ModelFolder } from './model-folder.js';

export type CheckpointSource =
  | { kind: 'hub'; repository: Repository; ggufFile?: string }
  | { kind: 'gguf'; path: string }
  | { kind: 'folder'; path: string };

export interface LoadOptions extends Omit<DownloadOptions, 'ggufFile'> {
  /** Refuses models with more bytes of float32. */
  maxTensorBytes?: number;
}

/** Throws HubError for a `hub:` source that cannot be one. */
export function parseSource(source: string): CheckpointSource {
  if (source.startsWith('hub:')) {
    const [repository, ggufFile, ...more] = source.slice(4).split(':');
    const parsed = parseRepository(more.length > 0 ? source.slice(4) : repository);
    return { kind: 'hub', repository: parsed, ...(ggufFile === undefined ? {} : { ggufFile }) };
  }
  return source.endsWith('.gguf') ? { kind: 'gguf', path: source } : { kind: 'folder', path: source };
}

/** Rejects with HubError, GgufError, SafetensorsError, ConfigError or CheckpointError, which say what is wrong. */
export async function loadCheckpoint(source: string, options: LoadOptions = {}): Promise<Checkpoint> {
  const limits = options.maxTensorBytes === undefined ? {} : { maxBytes: options.maxTensorBytes };
  const from = parseSource(source);
  if (from.kind === 'gguf') return readCheckpointFile(from.path, limits);
  if (from.kind === 'folder') return readCheckpointDir(from.path, limits);
  const { ggufFile } = from;
  const { directory } = await downloadModel(from.repository, { ...options, ggufFile });
  if (ggufFile === undefined) return readCheckpointDir(directory, limits);
  // Through the folder, so that a link of the cache can lead to nothing but the cache.
  const folder = await ModelFolder.open(directory);
  return readCheckpointFile(await folder.need(ggufFile), limits);
}

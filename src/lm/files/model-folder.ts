/**
 * A folder with a model's files, read without leaving it: names are plain file names, and a link may
 * point only into the folder, or where the Hugging Face cache keeps its contents
 * (`snapshots/<revision>/<file>` -> `blobs/<hash>` of the same repository).
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { openFile, type OpenByteSource } from './byte-source.js';
import { CheckpointError } from './checkpoint-error.js';
import { checkPlainFileName } from './shards.js';

/** Limit of configurations and tokenizers, far above any real file. */
const maxTextBytes = 256 * 1024 * 1024;

/** A model's files, wherever they are. */
export interface ModelFiles {
  /** The bytes of a small file; undefined when there is none of that name. */
  readSmall(name: string): Promise<Uint8Array | undefined>;
  /** A file of any size, to be read in parts; undefined when there is none. */
  open(name: string): Promise<OpenByteSource | undefined>;
}

export class ModelFolder implements ModelFiles {
  private constructor(
    readonly directory: string,
    private readonly roots: readonly string[],
  ) {}

  /** Throws CheckpointError when there is no such folder. */
  static async open(directory: string): Promise<ModelFolder> {
    const root = await realpath(directory).catch(() => undefined);
    if (root === undefined || !(await stat(root)).isDirectory())
      throw new CheckpointError(`${directory} is not a folder`);
    const parent = dirname(root);
    const blobs = basename(parent) === 'snapshots' ? [join(dirname(parent), 'blobs')] : [];
    return new ModelFolder(directory, [root, ...blobs]);
  }

  /** Where the contents of a file really lie; undefined when there is none of that name. */
  async find(name: string): Promise<string | undefined> {
    checkPlainFileName(name, this.directory);
    const path = await realpath(join(this.roots[0], name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new CheckpointError(`${join(this.directory, name)} cannot be read: ${error.message}`);
    });
    if (path === undefined) return undefined;
    if (!this.roots.some((root) => path.startsWith(root + sep)))
      throw new CheckpointError(`${join(this.directory, name)} is a link that leaves the folder`);
    if (!(await stat(path)).isFile())
      throw new CheckpointError(`${join(this.directory, name)} is not a regular file`);
    return path;
  }

  /** A file of any size, to be read in parts; undefined when there is none. */
  async open(name: string): Promise<OpenByteSource | undefined> {
    const path = await this.find(name);
    return path === undefined ? undefined : openFile(path);
  }

  /** As `find`. Throws CheckpointError when there is none. */
  async need(name: string): Promise<string> {
    const path = await this.find(name);
    if (path === undefined) throw new CheckpointError(`${join(this.directory, name)} is missing`);
    return path;
  }

  /** The bytes of a small file; undefined when there is none. */
  async readSmall(name: string): Promise<Uint8Array | undefined> {
    const path = await this.find(name);
    if (path === undefined) return undefined;
    const { size } = await stat(path);
    if (size > maxTextBytes)
      throw new CheckpointError(`${join(this.directory, name)} has ${size} bytes, more than ${maxTextBytes}`);
    return readFile(path);
  }
}

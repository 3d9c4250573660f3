// What specs need of files and graphs, and nothing else does.
import { createHash } from 'node:crypto';
import { constant, input, type Node } from '#src/nn/graph.js';
import { openFile, type ByteSource } from './files/byte-source.js';
import { serializeCheckpoint, type Checkpoint } from './files/checkpoint.js';
import { progressOf } from './files/progress-file.js';
import { joined, readSafetensors, readSafetensorsFrom, safetensorsStream, type SafetensorsFile, type Tensors, type WriteOptions } from './files/safetensors.js';
import { type SavedProgress } from './files/training-progress.js';

/** Bytes that are in memory. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    bytes: bytes.length,
    read: (into, at) => {
      if (at + into.length > bytes.length) return Promise.reject(new RangeError(`there are ${bytes.length} bytes`));
      into.set(bytes.subarray(at, at + into.length));
      return Promise.resolve();
    },
  };
}

export const writeSafetensors = (tensors: Tensors, options?: WriteOptions): Uint8Array => joined(safetensorsStream(tensors, options));

export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  const source = await openFile(path);
  try {
    return await readSafetensorsFrom(source);
  } finally {
    await source.close();
  }
}

/** Nodes for tensors: trainable ones are inputs of their own name, the others constants. */
export function bindParams(tensors: Tensors, isTrainable: (name: string) => boolean): { params: Record<string, Node>; trainable: string[] } {
  const names = Object.keys(tensors);
  const bind = (name: string): Node => (isTrainable(name) ? input(name, 'float32', tensors[name].shape) : constant(tensors[name], name));
  return { params: Object.fromEntries(names.map((name) => [name, bind(name)])), trainable: names.filter(isTrainable) };
}

/** sha256 (hex) of configuration, tokenizer and float32 tensors: what the model computes, not how it is stored. */
export function checkpointHash(checkpoint: Checkpoint): string {
  const hash = createHash('sha256');
  const files = serializeCheckpoint(checkpoint, 'F32');
  for (const name of Object.keys(files).sort()) hash.update(`${name}\n${files[name].length}\n`).update(files[name]);
  return hash.digest('hex');
}

export const parseProgressFile = <P extends SavedProgress>(owner: string, bytes: Uint8Array): P => progressOf<P>(owner, readSafetensors(bytes));

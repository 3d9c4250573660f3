// What specs need of files and graphs, and nothing else does.
import { constant, input, type Node } from '#src/nn/graph.js';
import { openFile, type ByteSource } from './files/byte-source.js';
import { joined, readSafetensorsFrom, safetensorsStream, type SafetensorsFile, type Tensors, type WriteOptions } from './files/safetensors.js';

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

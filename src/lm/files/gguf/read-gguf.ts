/**
 * A GGUF file as a checkpoint: header, then tensor by tensor, dequantized as it is read. No more is held
 * than the float32 values, one chunk of the file and one tensor that changes its layout.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { type Tensor } from '#src/nn/tensor.js';
import { assembleCheckpoint, type Checkpoint, type HuggingFaceModel } from '../checkpoint.js';
import { type ReadLimits } from '../safetensors.js';
import { architectureOf, toHuggingFaceConfig } from './architecture.js';
import { NeedMoreBytes } from './cursor.js';
import { GgufError } from './gguf-error.js';
import { parseGgufHeader, type GgufHeader, type GgufTensor } from './header.js';
import { placeOf, ropeFactorsName, toHuggingFaceLayout } from './tensor-map.js';
import { toTokenizerFiles } from './tokenizer.js';

const firstBytes = 1 << 20;
const maxHeaderBytes = 1 << 29;
/** Values dequantized at once: whole blocks of every type. */
const chunkValues = 1 << 18;

/** Throws GgufError, or ConfigError and CheckpointError for a model this engine does not compute. */
export async function readCheckpointFile(path: string, limits: ReadLimits = {}): Promise<Checkpoint> {
  return assembleCheckpoint(await readGgufModel(path, limits));
}

/** The model in Hugging Face's terms, whether or not this engine computes it. */
export async function readGgufModel(path: string, { maxBytes = Infinity }: ReadLimits = {}): Promise<HuggingFaceModel> {
  return withFile(path, async (handle, header) => {
    const bytes = header.tensors.reduce((sum, { count }) => sum + 4 * count, 0);
    if (bytes > maxBytes) throw new GgufError(`${bytes} bytes of float32 are more than the limit of ${maxBytes}`);
    const factors = header.tensors.find(({ name }) => name === ropeFactorsName);
    const config = toHuggingFaceConfig(header, factors && (await readValues(handle, factors)));
    const tokenizer = toTokenizerFiles(header.metadata);
    const architecture = architectureOf(header.metadata);
    const heads = { queries: Number(config.num_attention_heads), keys: Number(config.num_key_value_heads) };
    const tensors = new Map<string, Tensor>();
    for (const tensor of header.tensors) {
      if (tensor === factors) continue;
      const { name, layout } = placeOf(tensor.name, architecture);
      const data = await readValues(handle, tensor);
      tensors.set(name, toHuggingFaceLayout({ shape: tensor.shape, data }, layout, heads));
    }
    return { config, generation: {}, tokenizer, tensors: Object.fromEntries(tensors) };
  });
}

async function withFile<T>(path: string, use: (handle: FileHandle, header: GgufHeader) => Promise<T>): Promise<T> {
  if (!(await stat(path)).isFile()) throw new GgufError(`${path} is not a regular file`);
  const handle = await open(path, 'r');
  try {
    return await use(handle, await readHeader(handle, (await handle.stat()).size));
  } finally {
    await handle.close();
  }
}

/** Parses a beginning of the file, a longer one as long as the header does not end in it. */
async function readHeader(handle: FileHandle, fileBytes: number): Promise<GgufHeader> {
  let length = Math.min(firstBytes, fileBytes);
  for (;;) {
    const bytes = await readRange(handle, 0, length);
    try {
      return parseGgufHeader(bytes, fileBytes);
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
      if (error.bytes > maxHeaderBytes) throw new GgufError(`the header has more than ${maxHeaderBytes} bytes`);
      length = Math.min(Math.max(error.bytes, 4 * length), fileBytes);
    }
  }
}

async function readValues(handle: FileHandle, { type, count, begin }: GgufTensor): Promise<Float32Array> {
  const out = new Float32Array(count);
  for (let from = 0; from < count; from += chunkValues) {
    const to = Math.min(from + chunkValues, count);
    const start = begin + (from / type.blockValues) * type.blockBytes;
    const bytes = await readRange(handle, start, ((to - from) / type.blockValues) * type.blockBytes);
    type.dequantize(bytes, out.subarray(from, to));
  }
  return out;
}

async function readRange(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new GgufError(`the file ended at byte ${at + done} while it was read`);
    done += bytesRead;
  }
  return bytes;
}

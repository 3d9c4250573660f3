/**
 * The safetensors container: 8 bytes of header length, a JSON header, raw little-endian tensors.
 * Everything becomes float32 in memory. Files are read and written tensor by tensor, so that a model
 * is never held twice; whole files as bytes serve uploads and artifact stores.
 */
import { open } from 'node:fs/promises';
import { type Tensor } from '#src/nn/tensor.js';
import { readRange, type ByteSource } from './byte-source.js';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './half-precision.js';
import {
  bytesPerValue,
  headerLength,
  parseHeader,
  readHeader,
  SafetensorsError,
  type FloatFormat,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-header.js';

export { SafetensorsError, type FloatFormat };
export type Tensors = Record<string, Tensor>;

export interface SafetensorsFile {
  tensors: Tensors;
  metadata: Record<string, string>;
}

export interface ReadLimits {
  /** Refuses more than so many bytes of float32 in memory. */
  maxBytes?: number;
}

/** Values converted at once while a 16-bit tensor is read from a file. */
const chunkValues = 1 << 20;

/** Reads a whole file. Throws SafetensorsError with the tensor's name when anything is off. */
export function readSafetensors(bytes: Uint8Array, limits: ReadLimits = {}): SafetensorsFile {
  const length = headerLength(bytes.subarray(0, 8), bytes.length);
  const header = parseHeader(bytes.subarray(8, 8 + length), bytes.length);
  checkSize(header, limits);
  const read = (entry: TensorEntry): [string, Tensor] => {
    // A copy moves the data to an aligned address; slice() would not, for a Node Buffer it shares the memory.
    const raw = new Uint8Array(bytes.subarray(header.dataStart + entry.begin, header.dataStart + entry.end));
    return [entry.name, { dtype: 'float32', shape: entry.shape, data: decode(entry.format, raw.buffer) }];
  };
  return { tensors: Object.fromEntries(header.entries.map(read)), metadata: header.metadata };
}

/** The same from any source, one tensor at a time: the bytes are read once, in order, and no more is held than the float32 values and one chunk. */
export async function readSafetensorsFrom(source: ByteSource, limits: ReadLimits = {}): Promise<SafetensorsFile> {
  const header = await readHeader(source);
  checkSize(header, limits);
  const tensors: [string, Tensor][] = [];
  for (const entry of header.entries) {
    const data = await readValues(source, header.dataStart + entry.begin, entry);
    tensors.push([entry.name, { dtype: 'float32', shape: entry.shape, data }]);
  }
  return { tensors: Object.fromEntries(tensors), metadata: header.metadata };
}

function checkSize({ entries }: SafetensorsHeader, { maxBytes = Infinity }: ReadLimits): void {
  const bytes = entries.reduce((sum, { count }) => sum + 4 * count, 0);
  if (bytes > maxBytes) throw new SafetensorsError(`${bytes} bytes of float32 are more than the limit of ${maxBytes}`);
}

function decode(format: FloatFormat, raw: ArrayBuffer): Float32Array {
  if (format === 'F32') return new Float32Array(raw);
  return format === 'F16' ? f16ToF32(new Uint16Array(raw)) : bf16ToF32(new Uint16Array(raw));
}

async function readValues(source: ByteSource, at: number, { format, count }: TensorEntry): Promise<Float32Array> {
  const out = new Float32Array(count);
  if (format === 'F32') {
    await source.read(new Uint8Array(out.buffer), at);
    return out;
  }
  const width = bytesPerValue[format];
  for (let from = 0; from < count; from += chunkValues) {
    const raw = await readRange(source, at + from * width, Math.min(chunkValues, count - from) * width);
    out.set(decode(format, raw.buffer), from);
  }
  return out;
}

export interface WriteOptions {
  /** How values are stored; F16 and BF16 lose precision. */
  format?: FloatFormat;
  metadata?: Record<string, string>;
}

export interface SafetensorsStream {
  byteLength: number;
  /** The file's bytes in order, a tensor at a time; views of the tensors themselves for F32. */
  chunks: Iterable<Uint8Array>;
}

/** Float32 tensors as a file, in name order so that equal contents give equal bytes. Throws on other dtypes. */
export function safetensorsStream(tensors: Tensors, options: WriteOptions = {}): SafetensorsStream {
  const { format = 'F32', metadata = { format: 'pt' } } = options;
  if (Object.hasOwn(tensors, '__metadata__')) throw new SafetensorsError('no tensor can be named "__metadata__"');
  const names = Object.keys(tensors).sort();
  let offset = 0;
  const entries = names.map((name) => {
    const { data, shape } = tensors[name];
    if (!(data instanceof Float32Array)) throw new SafetensorsError(`tensor "${name}" is not float32`);
    const begin = offset;
    offset += data.length * bytesPerValue[format];
    return [name, { dtype: format, shape, data_offsets: [begin, offset] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])));
  const padded = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, 8);
  function* chunks(): Generator<Uint8Array> {
    yield head;
    for (const name of names) yield encode(tensors[name], format);
  }
  return { byteLength: head.length + offset, chunks: chunks() };
}

/** All of it in memory. */
export function joined({ byteLength, chunks }: SafetensorsStream): Uint8Array {
  const out = new Uint8Array(byteLength);
  let position = 0;
  for (const chunk of chunks) {
    out.set(chunk, position);
    position += chunk.length;
  }
  return out;
}

/** Writes a file part by part. */
export async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'w');
  try {
    for (const chunk of chunks) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}

function encode({ data }: Tensor, format: FloatFormat): Uint8Array {
  const source = data as Float32Array;
  const values = format === 'F32' ? source : format === 'F16' ? f32ToF16(source) : f32ToBf16(source);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

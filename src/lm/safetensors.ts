/**
 * The safetensors container: 8 bytes of header length, a JSON header, raw little-endian tensors.
 * Reading is strict (https://github.com/huggingface/safetensors#format): a file that another
 * reader could understand differently is refused. Everything becomes float32 in memory.
 */
import { type Tensor } from '#src/nn/tensor.js';
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './half-precision.js';
import { topLevelKeys } from './json-keys.js';

export type FloatFormat = 'F32' | 'F16' | 'BF16';
export type Tensors = Record<string, Tensor>;

export interface SafetensorsFile {
  tensors: Tensors;
  metadata: Record<string, string>;
}

interface Entry {
  name: string;
  format: FloatFormat;
  shape: number[];
  begin: number;
  end: number;
}

const bytesPerValue: Record<FloatFormat, number> = { F32: 4, F16: 2, BF16: 2 };
const maxHeaderBytes = 100_000_000;

export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** Reads a whole file. Throws SafetensorsError with the tensor's name when anything is off. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...rest } = header;
  const dataBytes = bytes.length - dataStart;
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value, dataBytes));
  checkLayout(entries, dataBytes);
  const tensors = Object.fromEntries(entries.map((entry) => [entry.name, decode(entry, bytes, dataStart)]));
  return { tensors, metadata: readMetadata(metadata) };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw new SafetensorsError(`file of ${bytes.length} bytes is too short for a header length`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (declared > BigInt(maxHeaderBytes))
    throw new SafetensorsError(`header length ${declared} is over 100 MB`);
  const length = Number(declared);
  if (8 + length > bytes.length) {
    throw new SafetensorsError(
      `header length ${length} reaches past the end of a file of ${bytes.length} bytes`,
    );
  }
  const header = parseHeader(bytes.subarray(8, 8 + length));
  return { header, dataStart: 8 + length };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError(`header is not JSON: ${(error as Error).message}`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new SafetensorsError('header is not a JSON object');
  }
  const seen = new Set<string>();
  for (const key of topLevelKeys(text)) {
    if (seen.has(key)) throw new SafetensorsError(`tensor "${key}" is listed twice`);
    seen.add(key);
  }
  return header as Record<string, unknown>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(name: string, value: unknown, dataBytes: number): Entry {
  const fail = (why: string): never => {
    throw new SafetensorsError(`tensor "${name}": ${why}`);
  };
  if (typeof value !== 'object' || value === null) return fail('its entry is not an object');
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerValue, dtype)) {
    return fail(`dtype ${JSON.stringify(dtype)} is not one of F32, F16, BF16`);
  }
  const format = dtype as FloatFormat;
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`bad shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`bad data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes)
    return fail(`data_offsets [${begin}, ${end}] lie outside ${dataBytes} data bytes`);
  const wanted = shape.reduce((product, size) => product * size, 1) * bytesPerValue[format];
  if (end - begin !== wanted) {
    return fail(
      `shape [${shape.join(', ')}] of ${format} needs ${wanted} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { name, format, shape, begin, end };
}

/** The format allows neither overlaps nor holes: every byte belongs to exactly one tensor. */
function checkLayout(entries: Entry[], dataBytes: number): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ordered) {
    if (begin < position) throw new SafetensorsError(`tensor "${name}" overlaps the one before it`);
    if (begin > position)
      throw new SafetensorsError(`${begin - position} unused bytes before tensor "${name}"`);
    position = end;
  }
  if (position !== dataBytes)
    throw new SafetensorsError(`${dataBytes - position} unused bytes after the last tensor`);
}

function decode(entry: Entry, bytes: Uint8Array, dataStart: number): Tensor {
  // A copy moves the data to an aligned address; slice() would not, for a Node Buffer it shares the memory.
  const raw = new Uint8Array(bytes.subarray(dataStart + entry.begin, dataStart + entry.end)).buffer;
  const decoders = {
    F32: () => new Float32Array(raw),
    F16: () => f16ToF32(new Uint16Array(raw)),
    BF16: () => bf16ToF32(new Uint16Array(raw)),
  };
  return { dtype: 'float32', shape: entry.shape, data: decoders[entry.format]() };
}

function readMetadata(value: unknown): Record<string, string> {
  const isTextMap =
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((item) => typeof item === 'string');
  if (!isTextMap) throw new SafetensorsError('__metadata__ must map strings to strings');
  return value as Record<string, string>;
}

/**
 * Writes float32 tensors, in name order so that equal contents give equal bytes.
 * `format` is how they are stored; F16 and BF16 lose precision. Throws on other dtypes.
 */
export function writeSafetensors(
  tensors: Tensors,
  {
    format = 'F32',
    metadata = { format: 'pt' },
  }: { format?: FloatFormat; metadata?: Record<string, string> } = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const name of Object.keys(tensors).sort()) {
    const chunk = encode(name, tensors[name], format);
    header[name] = {
      dtype: format,
      shape: tensors[name].shape,
      data_offsets: [offset, offset + chunk.length],
    };
    chunks.push(chunk);
    offset += chunk.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(json, 8);
  let position = 8 + padded;
  for (const chunk of chunks) {
    out.set(chunk, position);
    position += chunk.length;
  }
  return out;
}

function encode(name: string, tensor: Tensor, format: FloatFormat): Uint8Array {
  if (!(tensor.data instanceof Float32Array)) throw new SafetensorsError(`tensor "${name}" is not float32`);
  const { data } = tensor;
  const encoders = { F32: () => data, F16: () => f32ToF16(data), BF16: () => f32ToBf16(data) };
  const values = encoders[format]();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

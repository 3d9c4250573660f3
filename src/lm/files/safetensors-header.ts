/**
 * The header of a safetensors file: a JSON object of tensor name -> dtype, shape, data_offsets
 * (https://github.com/huggingface/safetensors#format). Strict: a header that another reader could
 * understand differently is refused, and nothing is believed that the size of the file contradicts.
 */
import { readRange, type ByteSource } from './byte-source.js';
import { duplicateKey } from './json-keys.js';

export type FloatFormat = 'F32' | 'F16' | 'BF16';

export interface TensorEntry {
  name: string;
  format: FloatFormat;
  shape: number[];
  /** Product of the shape. */
  count: number;
  /** Byte range, counted from the end of the header. */
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  entries: TensorEntry[];
  metadata: Record<string, string>;
  /** Where the first tensor byte lies in the file. */
  dataStart: number;
}

export const bytesPerValue: Readonly<Record<FloatFormat, number>> = { F32: 4, F16: 2, BF16: 2 };
const maxHeaderBytes = 100_000_000;
/** No model has tensors of a higher rank; a longer list is a broken or hostile file. */
const maxRank = 16;

export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** Of a file: its header alone. Throws SafetensorsError, also for a header of more than `limit` bytes. */
export async function readHeader(source: ByteSource, limit = maxHeaderBytes): Promise<SafetensorsHeader> {
  const length = headerLength(await readRange(source, 0, Math.min(8, source.bytes)), source.bytes, limit);
  return parseHeader(await readRange(source, 8, length), source.bytes);
}

/** Bytes of JSON that follow the first eight of a file of `fileBytes`. */
export function headerLength(firstEight: Uint8Array, fileBytes: number, limit = maxHeaderBytes): number {
  if (fileBytes < 8 || firstEight.length < 8)
    throw new SafetensorsError(`file of ${fileBytes} bytes is too short for a header length`);
  const declared = new DataView(firstEight.buffer, firstEight.byteOffset).getBigUint64(0, true);
  if (declared > BigInt(limit)) throw new SafetensorsError(`header length ${declared} is over ${limit / 1e6} MB`);
  const length = Number(declared);
  if (8 + length > fileBytes) {
    throw new SafetensorsError(`header length ${length} reaches past the end of a file of ${fileBytes} bytes`);
  }
  return length;
}

/** The header from its JSON bytes. Throws SafetensorsError with the tensor's name when anything is off. */
export function parseHeader(json: Uint8Array, fileBytes: number): SafetensorsHeader {
  const { __metadata__: metadata, ...rest } = parseJson(json);
  const dataStart = 8 + json.length;
  const dataBytes = fileBytes - dataStart;
  const entries = Object.entries(rest)
    .map(([name, value]) => readEntry(name, value, dataBytes))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, dataBytes);
  return { entries, metadata: readMetadata(metadata ?? {}), dataStart };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
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
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new SafetensorsError(`tensor or key "${twice}" is listed twice`);
  return header as Record<string, unknown>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(name: string, value: unknown, dataBytes: number): TensorEntry {
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
  if (shape.length > maxRank) return fail(`${shape.length} dimensions are more than ${maxRank}`);
  // Zeros are left out, so that they cannot hide a product that overflowed before it met them.
  const extent = shape.reduce((product, size) => product * (size || 1), 1);
  if (!Number.isSafeInteger(extent * bytesPerValue[format]))
    return fail(`shape [${shape.join(', ')}] has more bytes than can be counted`);
  const count = shape.includes(0) ? 0 : extent;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`bad data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes)
    return fail(`data_offsets [${begin}, ${end}] lie outside ${dataBytes} data bytes`);
  const wanted = count * bytesPerValue[format];
  if (end - begin !== wanted) {
    return fail(`shape [${shape.join(', ')}] of ${format} needs ${wanted} bytes, data_offsets give ${end - begin}`);
  }
  return { name, format, shape, count, begin, end };
}

/** The format allows neither overlaps nor holes: every byte belongs to exactly one tensor. */
function checkLayout(ordered: TensorEntry[], dataBytes: number): void {
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

function readMetadata(value: unknown): Record<string, string> {
  const isTextMap =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string');
  if (!isTextMap) throw new SafetensorsError('__metadata__ must map strings to strings');
  return value as Record<string, string>;
}

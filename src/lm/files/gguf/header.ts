/**
 * The header of a GGUF file, versions 2 and 3, little-endian: magic, version, counts, metadata of typed
 * values, tensor names with dimensions, type and offset
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Strict: names are unique, tensors lie
 * within the file, aligned and apart from one another.
 */
import { Cursor } from './cursor.js';
import { GgufError } from './gguf-error.js';
import { Metadata, type MetadataValue, type NumericArray } from './metadata.js';
import { tensorType, type TensorType } from './quantization.js';

export interface GgufTensor {
  name: string;
  /** Outermost first; the file has them the other way round. */
  shape: number[];
  type: TensorType;
  /** Product of the shape. */
  count: number;
  /** First byte in the file, and how many there are. */
  begin: number;
  byteLength: number;
}

export interface GgufHeader {
  version: number;
  metadata: Metadata;
  tensors: GgufTensor[];
}

const magic = 0x46554747; // "GGUF"
const maxItems = 1 << 16;
const maxNesting = 4;
const maxRank = 4;
const defaultAlignment = 32;

/**
 * Parses the beginning of a file of `fileBytes` bytes. Throws GgufError when it is wrong, and
 * NeedMoreBytes when `bytes` ends before the header does.
 */
export function parseGgufHeader(bytes: Uint8Array, fileBytes: number): GgufHeader {
  const cursor = new Cursor(bytes, fileBytes);
  if (cursor.u32('magic') !== magic) throw new GgufError('the file does not begin with "GGUF"');
  const version = cursor.u32('version');
  if ((version & 0xffff) === 0) throw new GgufError('big-endian files are not supported');
  if (version !== 2 && version !== 3) throw new GgufError(`version ${version} is not supported, only 2 and 3`);
  const tensorCount = itemCount(cursor, 'tensor count', 24);
  const entryCount = itemCount(cursor, 'metadata count', 13);
  const metadata = readMetadata(cursor, entryCount);
  const alignment = readAlignment(metadata);
  const infos = Array.from({ length: tensorCount }, (_, i) => readInfo(cursor, i));
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { version, metadata, tensors: placeTensors(infos, dataStart, alignment, fileBytes) };
}

function itemCount(cursor: Cursor, what: string, itemBytes: number): number {
  const count = cursor.count(what);
  if (count > maxItems) throw new GgufError(`${what} ${count} is over ${maxItems}`);
  cursor.checkRoom(count, itemBytes, what);
  return count;
}

function readMetadata(cursor: Cursor, count: number): Metadata {
  const values = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.text(`metadata key ${i}`, 'name');
    if (values.has(key)) throw new GgufError(`metadata "${key}" is listed twice`);
    values.set(key, readValue(cursor, cursor.u32(key), key, 0));
  }
  return new Metadata(values);
}

const scalarBytes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const [boolType, stringType, arrayType] = [7, 8, 9];

/** Types in the order of their numbers: u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64. */
function numericArray(type: number, raw: ArrayBuffer): NumericArray {
  switch (type) {
    case 1: return new Int8Array(raw);
    case 2: return new Uint16Array(raw);
    case 3: return new Int16Array(raw);
    case 4: return new Uint32Array(raw);
    case 5: return new Int32Array(raw);
    case 6: return new Float32Array(raw);
    case 10: return new BigUint64Array(raw);
    case 11: return new BigInt64Array(raw);
    case 12: return new Float64Array(raw);
    default: return new Uint8Array(raw);
  }
}

function readValue(cursor: Cursor, type: number, key: string, depth: number): MetadataValue {
  if (type >= scalarBytes.length) throw new GgufError(`metadata "${key}" has the unknown type ${type}`);
  if (type === stringType) return cursor.text(key);
  if (type === arrayType) return readArray(cursor, key, depth + 1);
  const [value] = readNumbers(cursor, type, 1, key);
  return type === boolType ? value === 1 : value;
}

function readArray(cursor: Cursor, key: string, depth: number): MetadataValue {
  if (depth > maxNesting) throw new GgufError(`metadata "${key}" is nested deeper than ${maxNesting}`);
  const type = cursor.u32(key);
  const count = cursor.count(key);
  if (type >= scalarBytes.length) throw new GgufError(`metadata "${key}" has the unknown type ${type}`);
  if (type !== stringType && type !== arrayType) return readNumbers(cursor, type, count, key);
  // A string is at least its length field, an array its type and length.
  cursor.checkRoom(count, type === stringType ? 8 : 12, key);
  const items: MetadataValue[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(cursor, type, key, depth));
  return items;
}

function readNumbers(cursor: Cursor, type: number, count: number, key: string): NumericArray {
  cursor.checkRoom(count, scalarBytes[type], key);
  const numbers = numericArray(type, cursor.raw(count * scalarBytes[type], key));
  if (type === boolType && (numbers as Uint8Array).some((byte) => byte > 1))
    throw new GgufError(`metadata "${key}" holds a boolean that is neither 0 nor 1`);
  return numbers;
}

function readAlignment(metadata: Metadata): number {
  const alignment = metadata.count('general.alignment', defaultAlignment);
  if (alignment < 1 || alignment > 1 << 20 || !Number.isInteger(Math.log2(alignment)))
    throw new GgufError(`general.alignment must be a power of two up to 2^20, got ${alignment}`);
  return alignment;
}

interface TensorInfo {
  name: string;
  shape: number[];
  type: TensorType;
  offset: number;
}

function readInfo(cursor: Cursor, index: number): TensorInfo {
  const name = cursor.text(`name of tensor ${index}`, 'name');
  const what = `tensor "${name}"`;
  const rank = cursor.u32(what);
  if (rank > maxRank) throw new GgufError(`${what} has ${rank} dimensions, more than ${maxRank}`);
  const shape = Array.from({ length: rank }, () => cursor.count(what)).reverse();
  const type = tensorType(cursor.u32(what), name);
  return { name, shape, type, offset: cursor.count(what) };
}

function placeTensors(infos: TensorInfo[], dataStart: number, alignment: number, fileBytes: number): GgufTensor[] {
  const names = new Set<string>();
  const tensors = infos.map(({ name, shape, type, offset }): GgufTensor => {
    const fail = (why: string): never => {
      throw new GgufError(`tensor "${name}" [${shape.join(', ')}] of ${type.name}: ${why}`);
    };
    if (names.has(name)) fail('is listed twice');
    names.add(name);
    if (shape.includes(0)) fail('has no values');
    const count = shape.reduce((product, size) => product * size, 1);
    if (!Number.isSafeInteger(8 * count)) fail('has more values than can be counted');
    if ((shape.at(-1) ?? 1) % type.blockValues !== 0) fail(`rows are not whole blocks of ${type.blockValues}`);
    const byteLength = (count / type.blockValues) * type.blockBytes;
    if (offset % alignment !== 0) fail(`offset ${offset} is not a multiple of ${alignment}`);
    const begin = dataStart + offset;
    if (begin + byteLength > fileBytes)
      fail(`needs bytes ${begin} to ${begin + byteLength} of a file of ${fileBytes} bytes`);
    return { name, shape, type, count, begin, byteLength };
  });
  const ordered = [...tensors].sort((a, b) => a.begin - b.begin);
  ordered.slice(1).forEach(({ name, begin }, i) => {
    if (begin < ordered[i].begin + ordered[i].byteLength) throw new GgufError(`tensor "${name}" overlaps "${ordered[i].name}"`);
  });
  return ordered;
}

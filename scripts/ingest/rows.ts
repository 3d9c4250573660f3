// Rows of a file, one at a time and in flat memory: JSON Lines, a JSON array or an object with one, CSV, TSV, Parquet; each but
// Parquet may be gzipped. A row that cannot be read comes as an error in its place where the rows after it can still be read.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { JSONParser } from '@streamparser/json';
import { parse as csvParser } from 'csv-parse';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { formatOf } from './formats/index.js';
import { isObject, RowError, type Row } from './sample.js';

/** Nothing of the input can be used. */
export class IngestError extends Error {}

export interface ReadRow {
  /** `train.jsonl line 3`. */
  at: string;
  row?: Row;
  error?: RowError;
}

const maxRowBytes = 67_108_864;
/** Parquet is decoded by row groups. */
const maxRowGroupBytes = 1_073_741_824;
const extension = /\.(jsonl|ndjson|json|csv|tsv|parquet)(\.gz)?$/i;

export const isDataFile = (path: string): boolean => extension.test(path);

/** The name of a file without what says how it is written. */
export const bareName = (path: string): string => basename(path).replace(extension, '');

/** @throws IngestError where the file cannot be read on */
export async function* readRows(path: string): AsyncGenerator<ReadRow> {
  const name = basename(path);
  const found = extension.exec(path);
  if (!found) throw new IngestError(`${name}: must end with .jsonl, .json, .csv, .tsv or .parquet (all but the last also with .gz)`);
  const [, written, gzipped] = found;
  const open = (): Readable => {
    const file = createReadStream(path);
    // What goes wrong with the file comes out of what is read here.
    return gzipped ? pipeline(file, createGunzip(), () => undefined) : file;
  };
  switch (written.toLowerCase()) {
    case 'parquet':
      yield* parquetRows(path, name);
      break;
    case 'csv':
    case 'tsv':
      yield* csvRows(open(), name, written.toLowerCase() === 'tsv' ? '\t' : ',');
      break;
    case 'json':
      // Many files of this name are JSON Lines.
      yield* (await isJsonLines(open())) ? jsonLines(open(), name) : jsonRows(open(), name);
      break;
    default:
      yield* jsonLines(open(), name);
  }
}

const newline = 0x0a;

async function* jsonLines(body: Readable, name: string): AsyncGenerator<ReadRow> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  const read = (bytes: Buffer): ReadRow[] => {
    line++;
    const content = line === 1 ? withoutMark(bytes) : bytes;
    const at = `${name} line ${line}`;
    const text = decode(content);
    if (text instanceof RowError) return [{ at, error: text }];
    return text.trim() === '' ? [] : [{ at, ...parseRow(text) }];
  };
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end);
      yield* read(rest.length > 0 ? Buffer.concat([...rest, piece]) : piece);
      [rest, restBytes] = [[], 0];
      start = end + 1;
    }
    if (start === chunk.length) continue;
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > maxRowBytes) throw new IngestError(`${name} line ${line + 1}: must be at most ${maxRowBytes} bytes`);
  }
  if (restBytes > 0) yield* read(Buffer.concat(rest));
}

/** Windows programs begin files with a byte order mark. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? bytes.subarray(3) : bytes;
}

/** Other encodings are refused, and not guessed: a wrong guess would be in every text. */
export function decode(bytes: Buffer): string | RowError {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // What is valid up to the wrong byte shows where it is.
  const before = bytes.toString('utf8').split('\ufffd')[0].slice(-30);
  return new RowError('', 'utf8', `must be UTF-8, and is not after '${before}': convert the file, as with iconv -t UTF-8`);
}

export function parseRow(text: string): { row: Row } | { error: RowError } {
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value) ? { row: value } : { error: new RowError('', 'object', 'must be a JSON object', value) };
  } catch (error) {
    return { error: new RowError('', 'json', `must be JSON, ${(error as Error).message}`) };
  }
}

/** Whether every line is an object of its own, of which the first line speaks. */
async function isJsonLines(body: Readable): Promise<boolean> {
  const line: Buffer[] = [];
  let bytes = 0;
  let ended = false;
  let more = false;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const end: number = ended ? 0 : chunk.indexOf(newline);
    more = (ended || end >= 0) && chunk.subarray(end).toString('latin1').trim() !== '';
    if (!ended) line.push(end < 0 ? chunk : chunk.subarray(0, end));
    ended ||= end >= 0;
    bytes += chunk.length;
    if (more || bytes > maxRowBytes || !withoutMark(line[0]).toString('latin1').trimStart().startsWith('{')) break;
  }
  body.destroy();
  if (bytes > maxRowBytes) return false;
  const read = parseRow(withoutMark(Buffer.concat(line)).toString('utf8'));
  // A lone line may be an object with a list of rows.
  return 'row' in read && (more || formatOf(read.row) !== undefined);
}

/** Of an array of rows, or of an object the first list of objects, under any name. */
async function* jsonRows(body: Readable, name: string): AsyncGenerator<ReadRow> {
  let ready: ReadRow[] = [];
  let count = 0;
  let list: unknown;
  let parser: JSONParser | undefined;
  const start = (text: string): JSONParser => {
    const inObject = text.trimStart().startsWith('{');
    // What was handed on is let go, which works for one path at a time.
    const made = new JSONParser({ paths: [inObject ? '$.*.*' : '$.*'], keepStack: false });
    made.onValue = ({ value, key, stack }) => {
      if (inObject && (typeof key !== 'number' || !isObject(value) || (list ??= stack[1].key) !== stack[1].key)) return;
      const at = `${name} row ${++count}`;
      ready.push(isObject(value) ? { at, row: value } : { at, error: new RowError('', 'object', 'must be a JSON object', value) });
    };
    return made;
  };
  for await (const text of utf8Text(body, name)) {
    if (!parser && text.trim() === '') continue;
    parser ??= start(text);
    try {
      parser.write(text);
    } catch (error) {
      throw new IngestError(`${name} after row ${count}: must be JSON, ${(error as Error).message}`);
    }
    yield* ready;
    ready = [];
  }
  if (!parser?.isEnded) throw new IngestError(`${name} after row ${count}: must be JSON, and ends in the middle`);
}

async function* csvRows(body: Readable, name: string, delimiter: string): AsyncGenerator<ReadRow> {
  const parser = csvParser({ delimiter, bom: true, columns: true, info: true, skip_empty_lines: true, max_record_size: maxRowBytes });
  const feed = async (): Promise<void> => {
    for await (const text of utf8Text(body, name)) if (!parser.write(text)) await new Promise((resolve) => parser.once('drain', resolve));
    parser.end();
  };
  const fed = feed().catch((error: Error) => parser.destroy(error));
  let line = 2;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      yield { at: `${name} line ${line}`, row: record };
      // Lines read so far; a record may have several.
      line = info.lines + 1;
    }
  } catch (error) {
    throw error instanceof IngestError ? error : new IngestError(`${name}: must be CSV, ${(error as Error).message}`);
  }
  await fed;
}

async function* utf8Text(body: Readable, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    yield decodeStrictly(decoder, chunk, `${name} from line ${line} on`);
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) line++;
  }
  yield decodeStrictly(decoder, undefined, `${name} line ${line}`);
}

function decodeStrictly(decoder: TextDecoder, chunk: Buffer | undefined, at: string): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    const refused = chunk && decode(chunk);
    throw new IngestError(`${at}: ${refused instanceof RowError ? refused.message : 'must be UTF-8, and ends within a character'}`);
  }
}

async function* parquetRows(path: string, name: string): AsyncGenerator<ReadRow> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      const bytes = Number(group.total_byte_size);
      if (bytes > maxRowGroupBytes) throw new IngestError(`${name}: row group ${index} must be at most ${maxRowGroupBytes} bytes, and has ${bytes}: write it again in smaller ones`);
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const [at, row] of rows.entries()) yield { at: `${name} row ${rowStart + at + 1}`, row: Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plainValues(value)])) };
      rowStart = rowEnd;
    }
  } catch (error) {
    throw error instanceof IngestError ? error : new IngestError(`${name}: must be Parquet, ${(error as Error).message}`);
  }
}

/** 64-bit integers as numbers, where they are exact; objects without the nulls that stand for fields which others of their column have. */
function plainValues(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plainValues);
  if (isObject(value) && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([key, inner]) => [key, plainValues(inner)]));
  }
  return value;
}

/**
 * The weights of an uploaded checkpoint, by the headers of their files alone: enough to refuse what does not fit while the
 * upload is answered, however large the weights are. Headers are read by the parser that later reads the tensors.
 */
import { readRange, type ByteSource } from '#src/lm/files/byte-source.js';
import { checkTensors } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { headerLength, parseHeader, type TensorEntry } from '#src/lm/files/safetensors-header.js';
import { SafetensorsError } from '#src/lm/files/safetensors.js';
import { joinShard, parseShardIndex, shardNames, weightsFile } from '#src/lm/files/shards.js';

/** Far above any real header; a longer one means a broken or hostile file. */
const maxHeaderBytes = 16_000_000;
/** Limit of all shards together, which are read at once. */
const maxHeaders = 64_000_000;

/** The JSON of a file's header, and the bytes of the whole file, which bound what the header may claim. */
export interface WeightsHeader {
  name: string;
  json: Uint8Array;
  fileBytes: number;
}

/** Reads bytes only; they are parsed in a child process. @throws SafetensorsError for headers that no model has */
export async function readHeaders(files: Readonly<Record<string, ByteSource>>): Promise<WeightsHeader[]> {
  const headers: WeightsHeader[] = [];
  let room = maxHeaders;
  for (const [name, source] of Object.entries(files)) {
    const length = await lengthOf(name, source, Math.min(room, maxHeaderBytes));
    room -= length;
    headers.push({ name, json: await readRange(source, 8, length), fileBytes: source.bytes });
  }
  return headers;
}

async function lengthOf(name: string, source: ByteSource, limit: number): Promise<number> {
  const first = await readRange(source, 0, Math.min(8, source.bytes));
  return named(name, () => headerLength(first, source.bytes, limit));
}

/**
 * @param headers of the files of one layout: `model.safetensors`, or all shards that `index` (the text of their index) lists
 * @throws CheckpointError, SafetensorsError naming the file or tensor that is missing, of another shape, or badly laid out
 */
export function checkUploadedWeights(headers: readonly WeightsHeader[], index: string | undefined, config: ModelConfig): void {
  const map = index === undefined ? undefined : parseShardIndex(index);
  const names = map ? shardNames(map) : [weightsFile];
  const stranger = headers.find(({ name }) => !names.includes(name))?.name;
  if (stranger !== undefined) throw new SafetensorsError(`${stranger} is ${map ? 'not listed in the index' : 'a shard without an index'}`);
  const byName = new Map(headers.map((header) => [header.name, header]));
  const entries = new Map<string, TensorEntry>();
  for (const name of names) {
    const found = entriesOf(byName.get(name), name);
    if (map) joinShard(entries, map, name, found);
    else for (const entry of Object.values(found)) entries.set(entry.name, entry);
  }
  checkTensors(config, Object.fromEntries(entries));
}

function entriesOf(header: WeightsHeader | undefined, name: string): Record<string, TensorEntry> {
  if (header === undefined) throw new SafetensorsError(`${name} is missing`);
  const { entries } = named(name, () => parseHeader(header.json, header.fileBytes));
  return Object.fromEntries(entries.map((entry) => [entry.name, entry]));
}

/** Puts the file's name in front of what is wrong inside of it. */
function named<R>(name: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (error instanceof SafetensorsError) throw new SafetensorsError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

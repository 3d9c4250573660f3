/**
 * The weights of an uploaded checkpoint, by the headers of their files alone: enough to refuse what does not fit while the
 * upload is answered, however large the weights are. Headers are read by the parser that later reads the tensors.
 */
import type { ByteSource } from '#src/lm/files/byte-source.js';
import { checkTensors } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { readHeader, type TensorEntry } from '#src/lm/files/safetensors-header.js';
import { SafetensorsError } from '#src/lm/files/safetensors.js';
import { joinShard, parseShardIndex, shardNames, weightsFile } from '#src/lm/files/shards.js';

/** Nobody's header comes near; a longer one is a broken or hostile file. */
const maxHeaderBytes = 16_000_000;

/**
 * @param files those of one layout: `model.safetensors`, or all shards that `index` (the text of their index) lists
 * @throws CheckpointError, SafetensorsError naming the file or tensor that is missing, of another shape, or badly laid out
 */
export async function checkUploadedWeights(files: Readonly<Record<string, ByteSource>>, index: string | undefined, config: ModelConfig): Promise<void> {
  const map = index === undefined ? undefined : parseShardIndex(index);
  const names = map ? shardNames(map) : [weightsFile];
  const stranger = Object.keys(files).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new SafetensorsError(`${stranger} is ${map ? 'not listed in the index' : 'a shard without an index'}`);
  const entries = new Map<string, TensorEntry>();
  for (const name of names) {
    const found = await entriesOf(files, name);
    if (map) joinShard(entries, map, name, found);
    else for (const entry of Object.values(found)) entries.set(entry.name, entry);
  }
  checkTensors(config, Object.fromEntries(entries));
}

async function entriesOf(files: Readonly<Record<string, ByteSource>>, name: string): Promise<Record<string, TensorEntry>> {
  if (!Object.hasOwn(files, name)) throw new SafetensorsError(`${name} is missing`);
  try {
    const { entries } = await readHeader(files[name], maxHeaderBytes);
    return Object.fromEntries(entries.map((entry) => [entry.name, entry]));
  } catch (error) {
    if (error instanceof SafetensorsError) throw new SafetensorsError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

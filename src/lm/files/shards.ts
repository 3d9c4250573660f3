/**
 * Weights spread over several safetensors files: `model.safetensors.index.json` says in which file each
 * tensor lies. The index must be the whole truth, since readers differ in what they do about gaps.
 */
import { CheckpointError } from './checkpoint-error.js';
import { duplicateKey } from './json-keys.js';
import { type FloatFormat, type Tensors } from './safetensors.js';
import { bytesPerValue } from './safetensors-header.js';

export const weightsFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';

/** Tensor name -> shard file name. */
export type WeightMap = ReadonlyMap<string, string>;

/** Throws CheckpointError unless `name` is one path segment that means the same on every system. */
export function checkPlainFileName(name: unknown, where: string): asserts name is string {
  const fail = (why: string): never => {
    throw new CheckpointError(`${where}: file name ${JSON.stringify(name)} ${why}`);
  };
  if (typeof name !== 'string') return fail('is not a string');
  if (name === '' || name.length > 255) return fail('must have 1 to 255 characters');
  if (name === '.' || name === '..') return fail('is not a file');
  const bad = /[/\\:\u0000-\u001f\u007f]/.exec(name);
  if (bad) return fail(`may not contain ${JSON.stringify(bad[0])}`);
}

/** The index file's text -> where each tensor lies. Throws CheckpointError with the field. */
export function parseShardIndex(text: string): WeightMap {
  const fail = (why: string): never => {
    throw new CheckpointError(`${indexFile}: ${why}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(`is not JSON: ${(error as Error).message}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) return fail(`"${twice}" is listed twice`);
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return fail('weight_map must be an object');
  const entries = Object.entries(map);
  if (entries.length === 0) return fail('weight_map is empty');
  for (const [tensor, name] of entries) {
    checkPlainFileName(name, `${indexFile}: weight_map["${tensor}"]`);
    if (!name.endsWith('.safetensors')) fail(`weight_map["${tensor}"] names ${name}, which is not a .safetensors file`);
  }
  return new Map(entries as [string, string][]);
}

export const shardNames = (map: WeightMap): string[] => [...new Set(map.values())].sort();

/** Adds the tensors of one shard to `into`. Throws CheckpointError where index and shard disagree. */
export function joinShard<T>(into: Map<string, T>, map: WeightMap, shard: string, tensors: Readonly<Record<string, T>>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    const home = map.get(name);
    if (home === undefined) throw new CheckpointError(`${shard}: tensor "${name}" is not listed in ${indexFile}`);
    if (home !== shard) throw new CheckpointError(`tensor "${name}" is in ${shard}, but ${indexFile} lists it in ${home}`);
    into.set(name, tensor);
  }
  for (const [name, home] of map) {
    if (home === shard && !into.has(name))
      throw new CheckpointError(`${shard}: tensor "${name}" is missing, though ${indexFile} lists it`);
  }
}

export interface ShardPlan {
  /** Shard file name -> its tensors. */
  shards: [string, Tensors][];
  index: { metadata: { total_size: number }; weight_map: Record<string, string> };
}

/** Fills shards of at most `maxShardBytes` tensor bytes in name order; one tensor may be larger than that. */
export function planShards(tensors: Tensors, format: FloatFormat, maxShardBytes: number): ShardPlan {
  if (!(maxShardBytes > 0)) throw new RangeError(`maxShardBytes must be positive, got ${maxShardBytes}`);
  const groups: string[][] = [];
  let room = 0;
  let total = 0;
  for (const name of Object.keys(tensors).sort()) {
    const bytes = tensors[name].data.length * bytesPerValue[format];
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = maxShardBytes;
    }
    groups[groups.length - 1].push(name);
    room -= bytes;
    total += bytes;
  }
  const five = (value: number): string => String(value).padStart(5, '0');
  const named = groups.map((names, i) => [`model-${five(i + 1)}-of-${five(groups.length)}.safetensors`, names] as const);
  return {
    shards: named.map(([shard, names]) => [shard, Object.fromEntries(names.map((name) => [name, tensors[name]]))]),
    index: {
      metadata: { total_size: total },
      weight_map: Object.fromEntries(named.flatMap(([shard, names]) => names.map((name) => [name, shard]))),
    },
  };
}

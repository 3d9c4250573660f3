/**
 * The header of a safetensors file against a configuration, without its tensors: enough to refuse a wrong
 * file while the upload is answered, however large the weights are.
 */
import { type ModelConfig } from '#src/lm/config.js';
import { lmHeadName, parameterName, parameterShapes } from '#src/lm/parameter-shapes.js';

export class WeightsHeaderError extends Error {
  override readonly name = 'WeightsHeaderError';
}

/** Nobody's header comes near; a longer one is a broken or hostile file. */
const maxHeaderBytes = 16 * 1024 * 1024;

const bytesPerValue: Record<string, number> = { F32: 4, F16: 2, BF16: 2 };

/** Bytes of JSON that follow the first eight of a file of `fileBytes`. @throws WeightsHeaderError */
export function headerLength(firstEight: Uint8Array, fileBytes: number): number {
  if (firstEight.length < 8) throw new WeightsHeaderError('the file is too short to be safetensors');
  const length = new DataView(firstEight.buffer, firstEight.byteOffset).getBigUint64(0, true);
  if (length > maxHeaderBytes || Number(length) + 8 > fileBytes) {
    throw new WeightsHeaderError(`the file says that its header has ${length} bytes, which cannot be`);
  }
  return Number(length);
}

/** @throws WeightsHeaderError naming the first tensor that is missing, of another shape, or outside the file */
export function checkHeader(json: string, config: ModelConfig, dataBytes: number): void {
  const stored = parse(json);
  const tensors = Object.fromEntries(
    Object.entries(stored).flatMap(([name, entry]) => {
      const known = name === '__metadata__' ? name : parameterName(config, name);
      return known === undefined ? [] : [[known, entry] as const];
    }),
  );
  const count = Object.keys(stored).length;
  // Before the shapes of every layer are listed: a configuration can claim more layers than fit into memory.
  if (config.numLayers > count) throw new WeightsHeaderError(`${config.numLayers} layers cannot be made of ${count} tensors`);
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    if (!Object.hasOwn(tensors, name)) throw new WeightsHeaderError(`tensor "${name}" is missing`);
    checkTensor(name, tensors[name], shape, dataBytes);
  }
  const known = new Set([...Object.keys(parameterShapes(config)), '__metadata__', lmHeadName]);
  const unknown = Object.keys(tensors).find((name) => !known.has(name));
  if (unknown !== undefined) throw new WeightsHeaderError(`tensor "${unknown}" has no place in this model`);
}

function parse(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new WeightsHeaderError('the header is not JSON');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new WeightsHeaderError('the header is not an object');
  return value as Record<string, unknown>;
}

function checkTensor(name: string, entry: unknown, wanted: number[], dataBytes: number): void {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const width = typeof dtype === 'string' && Object.hasOwn(bytesPerValue, dtype) ? bytesPerValue[dtype] : undefined;
  if (width === undefined) throw new WeightsHeaderError(`tensor "${name}" is not of type F32, F16 or BF16`);
  if (!Array.isArray(shape) || shape.join() !== wanted.join()) {
    throw new WeightsHeaderError(`tensor "${name}" has the shape [${String(shape)}], the configuration needs [${wanted.join()}]`);
  }
  const [begin, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  const bytes = wanted.reduce((product, size) => product * size, width);
  const inside = Number.isSafeInteger(begin) && (begin as number) >= 0 && (end as number) <= dataBytes;
  if (!inside || (end as number) - (begin as number) !== bytes) {
    throw new WeightsHeaderError(`tensor "${name}" does not lie within the file`);
  }
}

/**
 * What the frozen layers below the lowest trained one make of each example: hidden states that are the same at every step,
 * computed once and read as often as training comes by.
 *
 * They are kept in a file without a name, which goes with the process: a token takes hidden * 4 bytes, so a data set may
 * take gigabytes, and memory holds those of one batch. A resumed run computes them again and must come to the same bits:
 * what is computed together is a matter of all groups and their lengths, not of the steps that read them.
 */
import { mkdtemp, open, rm, statfs, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { f32, floats, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import { attentionCost, packBranches, type Branches, type BranchSource, type PackedBatch, type StoredSpan } from '../text/packing.js';
import { type Tensors } from '../files/safetensors.js';
import { trunkForward } from '../model/transformer.js';
import { inputParams } from '../files/weights.js';

const usualTokens = 4096;

export interface TrunkOptions {
  /** How many layers are frozen, from the bottom. */
  layers: number;
  /** Tokens computed at once; one group may exceed it. 4,096 when left out. */
  maxTokens?: number;
  /** Threads of ONNX Runtime; default: its own choice. */
  threads?: number;
  /** Heeded between parts. */
  signal?: AbortSignal;
}

/** Groups, each with its place in a store. */
export type StoredBranches = Branches & { source: BranchSource };

/** The file has no room. */
export class TrunkSpaceError extends Error {
  override name = 'TrunkSpaceError';
}

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
const mebibyte = 1024 ** 2;
/** Rows of several groups are rounded up to this, so that few graphs serve them all. */
const timeMultiple = 64;

/** Bytes that states of so many tokens take. */
export const trunkBytes = ({ hiddenSize }: Pick<ModelConfig, 'hiddenSize'>, tokens: number): number => tokens * hiddenSize * floatBytes;

const tokensOf = ({ prefix, tails }: Branches): number => tails.reduce((total, tail) => total + tail.length, prefix.length);

/** One group behind the other, each prefix before its tails. */
export function inStore(groups: readonly Branches[]): StoredBranches[] {
  let next = 0;
  const take = (tokens: readonly number[]): number => (next += tokens.length) - tokens.length;
  return groups.map((group) => ({ ...group, source: { prefix: take(group.prefix), tails: group.tails.map(take) } }));
}

/** Groups by part, as indices: of similar length, so that few sizes come up, and at most `maxTokens` tokens. */
export function trunkParts(groups: readonly Branches[], maxTokens: number): number[][] {
  const sizes = groups.map(tokensOf);
  const parts: number[][] = [];
  let room = 0;
  for (const g of sizes.map((_, i) => i).sort((a, b) => sizes[a] - sizes[b] || a - b)) {
    if (parts.length === 0 || sizes[g] > room) {
      parts.push([]);
      room = maxTokens;
    }
    parts[parts.length - 1].push(g);
    room -= sizes[g];
  }
  return parts;
}

export class TrunkStates {
  private constructor(
    private readonly file: FileHandle,
    private readonly width: number,
  ) {}

  /**
   * Call `close` when done. Yields to the event loop between parts.
   *
   * @throws TrunkSpaceError when the folder for temporary files (TMPDIR) has no room
   */
  static async compute(model: { config: ModelConfig; tensors: Tensors }, groups: readonly StoredBranches[], options: TrunkOptions): Promise<TrunkStates> {
    const { hiddenSize } = model.config;
    await requireSpace(trunkBytes(model.config, groups.reduce((total, group) => total + tokensOf(group), 0)));
    const states = new TrunkStates(await namelessFile(), hiddenSize);
    const trunk = new Trunk(model, options);
    try {
      for (const part of trunkParts(groups, options.maxTokens ?? usualTokens)) {
        options.signal?.throwIfAborted();
        const packing = { timeMultiple, bucketRows: true, attentionCost: attentionCost(model.config) };
        const batch = packBranches(part.map((g) => groups[g]), packing);
        await states.write(await trunk.run(batch), batch.spans);
        await turn();
      }
      return states;
    } catch (error) {
      await states.close();
      throw error;
    } finally {
      await trunk.dispose();
    }
  }

  /** Hidden states of a batch, float32 [rows, time, hidden]: those of its spans, zero elsewhere. */
  async of({ rows, time, spans }: Pick<PackedBatch, 'rows' | 'time' | 'spans'>): Promise<Tensor> {
    const hidden = new Float32Array(rows * time * this.width);
    for (const span of spans) await this.whole(span, (at, bytes) => this.file.read(bytes, 0, bytes.length, at).then(({ bytesRead }) => bytesRead), hidden);
    return f32(hidden, [rows, time, this.width]);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** hidden float32 [rows * time, hidden] */
  private async write(hidden: Float32Array, spans: readonly StoredSpan[]): Promise<void> {
    for (const span of spans) await this.whole(span, (at, bytes) => this.file.write(bytes, 0, bytes.length, at).then(({ bytesWritten }) => bytesWritten), hidden);
  }

  /** Moves a span between file and memory, in as many moves as the system takes for it. */
  private async whole({ from, to, count }: StoredSpan, move: (at: number, bytes: Uint8Array) => Promise<number>, hidden: Float32Array): Promise<void> {
    const row = this.width * floatBytes;
    const bytes = new Uint8Array(hidden.buffer, hidden.byteOffset + to * row, count * row);
    for (let done = 0; done < bytes.length; ) {
      const moved = await move(from * row + done, bytes.subarray(done));
      if (moved === 0) throw new RangeError(`rows ${from} to ${from + count} are not in the store`);
      done += moved;
    }
  }
}

/** The frozen layers as sessions. Parts come by length, so a size that is over does not come back. */
class Trunk {
  private current: { size: string; session: Session } | undefined;

  constructor(
    private readonly model: { config: ModelConfig; tensors: Tensors },
    private readonly options: TrunkOptions,
  ) {}

  async run({ rows, time, feeds }: PackedBatch): Promise<Float32Array> {
    const size = `${rows} ${time}`;
    if (this.current?.size !== size) {
      await this.dispose();
      this.current = { size, session: await this.build(rows, time) };
    }
    const { hidden } = await this.current.session.run({ ...this.model.tensors, ...feeds });
    return floats(hidden);
  }

  async dispose(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.session.dispose();
  }

  private build(rows: number, time: number): Promise<Session> {
    const { config, tensors } = this.model;
    const { layers, threads } = this.options;
    const layout = { positions: input('positions', 'int64', [rows, time]), mask: input('attentionMask', 'float32', [rows, 1, time, time]) };
    // Weights are fed rather than built in: nothing is copied.
    const hidden = trunkForward({ config, params: inputParams(tensors) }, input('ids', 'int64', [rows, time]), layers, layout);
    return Session.create(emitModel({ hidden }), { threads });
  }
}

/** Unlinked before it is written: nothing is left behind however the process ends, and no other process can read it. */
async function namelessFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-trunk-'));
  try {
    return await open(join(folder, 'states'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function requireSpace(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bytes <= bavail * bsize) return;
  const [needed, free] = [bytes, bavail * bsize].map((size) => Math.ceil(size / mebibyte));
  throw new TrunkSpaceError(`cached outputs of the frozen layers need ${needed} MiB, but ${tmpdir()} has ${free} MiB free: set TMPDIR to a larger folder`);
}

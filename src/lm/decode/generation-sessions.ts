/** Sessions of the prefill and decode graphs by their static sizes, built when first needed. */
import { emitModel } from '#src/nn/emit.js';
import { DataInMemory } from '#src/nn/emit/external-data.js';
import { input, type Node } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { decodeGraph, prefillGraph } from './decode-graph.js';
import { bytesOf, frozenParams, frozenTensors, maxCopiedBytes } from './frozen-weights.js';
import { type WeightFormat } from '../files/weight-formats.js';
import { type GeneratorModel } from './generation-request.js';
import { type Model } from '../model/transformer.js';

/** Sizes come in buckets, so few are alive at a time; the one used longest ago goes first. */
const maxSessions = 24;
/** Each decode session has a copy of its frozen weights; one is always allowed. */
const maxFrozenBytes = 512 * 1024 ** 2;

/** Whether sessions of several sizes cost so little that a batch may shrink as its rows end, for frozen weights of so many bytes. */
export const resizable = (frozenBytes: number): boolean => 8 * frozenBytes <= maxFrozenBytes;

/** Decode sessions that are alive at once, each with its copy of frozen weights of so many bytes. */
export const mostFrozenSessions = (frozenBytes: number): number =>
  Math.min(maxSessions, Math.max(1, Math.floor(maxFrozenBytes / frozenBytes)));

export interface WeightOptions {
  /** Base weights become constants of the decode sessions. */
  frozen: boolean;
  /** Of frozen weights. */
  weights: WeightFormat;
}

export class GenerationSessions {
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly model: Model;
  private tensors: Record<string, Tensor>;
  /** Made when the first decode session is. */
  private frozen?: Record<string, Tensor>;

  constructor(
    { config, tensors, lora }: GeneratorModel,
    private readonly threads: number | undefined,
    private readonly options: WeightOptions,
  ) {
    const bind = ([name, { shape }]: [string, { shape: readonly number[] }]): [string, Node] => [
      name,
      input(name, 'float32', shape),
    ];
    this.model = { config, lora, params: Object.fromEntries(Object.entries(tensors).map(bind)) };
    this.tensors = tensors;
  }

  /** Whether a decode session of another size costs so little that a batch may shrink as its rows end. */
  get resizable(): boolean {
    return !this.options.frozen || resizable(bytesOf(this.tensors));
  }

  prefill(batch: number, time: number): Promise<Session> {
    return this.get(`prefill ${batch} ${time}`, () => prefillGraph(this.model, batch, time));
  }

  decode(batch: number, capacity: number): Promise<Session> {
    return this.get(`decode ${batch} ${capacity}`, () => decodeGraph(this.decodeModel(), batch, capacity));
  }

  /** Decode sessions that hold frozen weights are built anew, of these. */
  refreeze(tensors: Record<string, Tensor>): void {
    this.tensors = tensors;
    this.frozen = undefined;
    if (this.options.frozen) for (const key of this.decodeKeys()) this.drop(key);
  }

  async dispose(): Promise<void> {
    const open = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.all(open.map(async (session) => (await session).dispose()));
  }

  private decodeModel(): Model {
    if (!this.options.frozen) return this.model;
    this.frozen ??= frozenTensors(this.tensors, this.options.weights);
    if (this.options.weights === 'f32' && bytesOf(this.frozen) > maxCopiedBytes) return this.model;
    return { ...this.model, params: frozenParams(this.frozen, this.tensors) };
  }

  private get(key: string, build: () => Record<string, Node>): Promise<Session> {
    const session = this.sessions.get(key) ?? this.create(build());
    // Re-inserting keeps the map in order of last use.
    this.sessions.delete(key);
    this.sessions.set(key, session);
    this.evict();
    return session;
  }

  /** Frozen weights stay where they are until the runtime has laid them out. */
  private create(outputs: Record<string, Node>): Promise<Session> {
    const external = new DataInMemory();
    const model = emitModel(outputs, { place: external.place });
    return Session.create(model, { threads: this.threads, externalData: external.files });
  }

  private evict(): void {
    const [oldest] = this.sessions.keys();
    if (this.sessions.size > maxSessions) this.drop(oldest);
    if (!this.frozen) return;
    for (const key of this.decodeKeys().slice(0, -mostFrozenSessions(bytesOf(this.frozen)))) this.drop(key);
  }

  private decodeKeys(): string[] {
    return [...this.sessions.keys()].filter((key) => key.startsWith('decode '));
  }

  /** Its memory is freed soon, but after the step that is still using it. */
  private drop(key: string): void {
    const dropped = this.sessions.get(key);
    this.sessions.delete(key);
    const close = (session: Session): unknown => setImmediate(() => void session.dispose());
    // A failed build was already reported to its caller.
    void dropped?.then(close, () => undefined);
  }
}

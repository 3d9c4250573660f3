/** Sessions of the prefill and decode graphs by their static sizes, built when first needed. */
import { emitModel } from '#src/nn/emit.js';
import { input, type Node } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { decodeGraph, prefillGraph } from './decode-graph.js';
import { type GeneratorModel } from './generation-request.js';
import { type Model } from './transformer.js';

/** Sizes come in buckets, so few are alive at a time; the one used longest ago goes first. */
const maxSessions = 24;

export class GenerationSessions {
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly model: Model;

  constructor(
    { config, tensors, lora }: GeneratorModel,
    private readonly threads?: number,
  ) {
    const bind = ([name, { shape }]: [string, { shape: readonly number[] }]): [string, Node] => [
      name,
      input(name, 'float32', shape),
    ];
    this.model = { config, lora, params: Object.fromEntries(Object.entries(tensors).map(bind)) };
  }

  prefill(batch: number, time: number): Promise<Session> {
    return this.get(`prefill ${batch} ${time}`, () => prefillGraph(this.model, batch, time));
  }

  decode(batch: number, capacity: number): Promise<Session> {
    return this.get(`decode ${batch} ${capacity}`, () => decodeGraph(this.model, batch, capacity));
  }

  async dispose(): Promise<void> {
    const open = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.all(open.map(async (session) => (await session).dispose()));
  }

  private get(key: string, build: () => Record<string, Node>): Promise<Session> {
    const session = this.sessions.get(key) ?? Session.create(emitModel(build()), { threads: this.threads });
    // Re-inserting keeps the map in order of last use.
    this.sessions.delete(key);
    this.sessions.set(key, session);
    this.evict();
    return session;
  }

  private evict(): void {
    const [oldest] = this.sessions.keys();
    // A session in use stays alive through its user's reference; only the cache forgets it.
    if (this.sessions.size > maxSessions) this.sessions.delete(oldest);
  }
}

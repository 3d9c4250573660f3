/** The policy a run started from, kept to measure how far training has drifted. */
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { Recent } from '#src/reward/recent.js';
import { type GrpoBatch } from './grpo-batch.js';
import { policyTokens } from './grpo-graph.js';

export class ReferencePolicy {
  private readonly sessions = new Recent<Session>(16, (session) => session.dispose());

  constructor(
    private readonly checkpoint: Pick<Checkpoint, 'config' | 'tensors'>,
    private readonly temperature: number,
    private readonly threads?: number,
  ) {}

  /** Log-probabilities of the completion tokens, float32 [slots]. */
  async logProbs({ rows, time, slots, feeds }: GrpoBatch): Promise<Tensor> {
    const session = await this.sessions.get(`${rows} ${time} ${slots}`, () => this.build(feeds));
    // Weights are fed rather than built in: all sessions share one copy.
    const { logProbs } = await session.run({ ...this.checkpoint.tensors, ...feeds });
    return logProbs;
  }

  async dispose(): Promise<void> {
    await this.sessions.clear();
  }

  private build(feeds: Feeds): Promise<Session> {
    const { config, tensors } = this.checkpoint;
    const params = Object.entries(tensors).map(
      ([name, { shape }]) => [name, input(name, 'float32', shape)] as const,
    );
    const { logProbs } = policyTokens(
      { config, params: Object.fromEntries(params) },
      feeds,
      this.temperature,
    );
    return Session.create(emitModel({ logProbs }), { threads: this.threads });
  }
}

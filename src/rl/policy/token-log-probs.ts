/** Log-probabilities of given tokens without a gradient: under the reference of a run, or under the current policy. */
import { emitModel } from '#src/nn/emit.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { inputParams } from '#src/lm/files/weights.js';
import { Recent } from '#src/common/recent.js';
import { type CompletionBatch } from '../batch/completion-batch.js';
import { policyTokens, type PolicyModel } from './policy-graph.js';

export class TokenLogProbs {
  private readonly sessions = new Recent<Session>(16, (session) => session.dispose());

  /** Reads `model.tensors` at every call, so weights trained in place need no update. */
  constructor(
    private readonly model: PolicyModel,
    private readonly temperature: number,
    private readonly threads?: number,
  ) {}

  /** Log-probabilities of the completion tokens, float32 [slots]. */
  async of({ rows, time, slots, feeds }: Pick<CompletionBatch, 'rows' | 'time' | 'slots'> & { feeds: Feeds }): Promise<Tensor> {
    const session = await this.sessions.get(`${rows} ${time} ${slots} ${'hidden' in feeds}`, () => this.build(feeds));
    // Weights are fed rather than built in: all sessions share one copy.
    const { logProbs } = await session.run({ ...this.model.tensors, ...feeds });
    return logProbs;
  }

  async dispose(): Promise<void> {
    await this.sessions.clear();
  }

  private build(feeds: Feeds): Promise<Session> {
    const { tensors, ...model } = this.model;
    const { logProbs } = policyTokens({ ...model, params: inputParams(tensors) }, feeds, this.temperature);
    return Session.create(emitModel({ logProbs }), { threads: this.threads });
  }
}

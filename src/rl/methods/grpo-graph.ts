/** The graph from a packed batch to the GRPO loss. */
import { div, mul, sum } from '#src/nn/ops.js';
import { type Node } from '#src/nn/graph.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { grpoLoss, type GrpoOptions, type ImportanceLevel } from '../losses/grpo.js';
import { inputLike, policyGraph, sampledIn, type PolicyGraphOptions, type PolicyModel } from '../policy/policy-graph.js';

/** `temperature` is that of the sampling: the policy that wrote the completions is softmax(logits / temperature). */
export interface GrpoGraphOptions extends GrpoOptions, PolicyGraphOptions {
  importanceSampling: ImportanceLevel;
  rolloutRatioMax: number;
}

/**
 * For `TrainStep`. `refLogProbs` and `oldLogProbs` [slots] are part of the loss when they are fed. The metric
 * `logProbs` [slots] is what the policy gave its tokens before the step: the old log-probabilities of later steps
 * on the same completions.
 */
export function grpoGraph(model: PolicyModel, batch: Feeds, options: GrpoGraphOptions): TrainGraph {
  const at = (name: string): Node => inputLike(name, batch);
  const fed = (name: string): Node | undefined => (batch[name] ? at(name) : undefined);
  return policyGraph(model, batch, options, ({ logProbs, entropies }) => {
    const [mask, tokens] = [at('mask'), at('tokens')];
    const { loss, ...metrics } = grpoLoss(
      {
        logProbs,
        oldLogProbs: fed('oldLogProbs'),
        refLogProbs: fed('refLogProbs'),
        advantages: at('advantages'),
        mask,
        tokens,
        weights: at('weights'),
        sampled: sampledIn(batch, options.rolloutRatioMax),
        ...(options.importanceSampling === 'sequence' && {
          completions: { sequence: at('sequence'), lengths: at('lengths') },
        }),
      },
      options,
    );
    return { loss, metrics: { ...metrics, entropy: div(sum(mul(entropies, mask)), tokens), logProbs } };
  });
}

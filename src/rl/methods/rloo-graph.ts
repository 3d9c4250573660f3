/** The graph from a packed batch to the leave-one-out loss. */
import { type Node } from '#src/nn/graph.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { inputLike, policyGraph, sampledIn, type PolicyGraphOptions, type PolicyModel } from '../policy/policy-graph.js';
import { rlooLoss, type RlooOptions } from '../losses/rloo.js';

/** For `TrainStep`; as `grpoGraph`, but without a reference: the KL is in the advantages. */
export function rlooGraph(model: PolicyModel, batch: Feeds, options: RlooOptions & PolicyGraphOptions & { rolloutRatioMax: number }): TrainGraph {
  const at = (name: string): Node => inputLike(name, batch);
  return policyGraph(model, batch, options, ({ logProbs, entropies }) => {
    const mask = at('mask');
    const { loss, ...metrics } = rlooLoss(
      {
        logProbs,
        oldLogProbs: batch.oldLogProbs ? at('oldLogProbs') : undefined,
        sampled: sampledIn(batch, options.rolloutRatioMax),
        mask,
        sequence: at('sequence'),
        advantages: at('sequenceAdvantages'),
        weights: at('sequenceWeights'),
      },
      options,
    );
    return { loss, metrics: { ...metrics, entropy: div(sum(mul(entropies, mask)), at('tokens')), logProbs } };
  });
}

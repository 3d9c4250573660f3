import { describe, expect, it } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { planMemory } from '#src/nn/memory-plan.js';
import { mul, sum } from '#src/nn/ops.js';
import { difference, runOnce } from '#src/nn/testing.fixture.js';
import { i64 } from '#src/nn/tensor.js';
import { tinyConfig } from './tiny-model.fixture.js';
import { chunkTokens, tokensAt } from './token-log-probs.js';
import { decoderForward } from './transformer.js';
import { initWeights, inputParams } from '../files/weights.js';

const tensors = initWeights(tinyConfig, 3);
const [batch, time] = [2, 16];
const ids = Array.from({ length: batch * time }, (_, i) => (i * 7 + 3) % tinyConfig.vocabSize);
const tokens = Array.from({ length: 25 }, (_, i) => i);
const feeds = { ...tensors, ids: i64(ids, [batch, time]), positions: i64(tokens, [25]), targets: i64(tokens.map((t) => ids[t + 1]), [25]) };

function gradients(tokensAtOnce?: number): { loss: Node; outputs: Record<string, Node> } {
  const params = inputParams(tensors);
  const model = { config: tinyConfig, params };
  const wanted = input('positions', 'int64', [25]);
  const { hidden, blocks } = decoderForward(model, input('ids', 'int64', [batch, time]), undefined, { wanted });
  const { logProbs, entropies, kept } = tokensAt(model, hidden, input('targets', 'int64', [25]), { temperature: 0.7, tokensAtOnce });
  const loss = sum(mul(logProbs, logProbs));
  const names = Object.keys(tensors);
  const keep = tokensAtOnce === undefined ? [] : [...blocks, hidden, ...kept];
  const found = grad(loss, names.map((name) => params[name]), undefined, keep);
  return { loss, outputs: { loss, logProbs, entropies, ...Object.fromEntries(names.map((name, i) => [`d.${name}`, found[i]])) } };
}

describe('log-probabilities of tokens', () => {
  it('are the same in chunks, and so are their gradients', async () => {
    const whole = await runOnce(gradients().outputs, feeds);
    const cut = await runOnce(gradients(8).outputs, feeds);
    for (const name of Object.keys(whole)) expect(difference(cut[name], whole[name]), name).toBeLessThan(2e-6);
  });

  it('keep no more than a chunk of logits in memory', () => {
    const vocabSize = 20_000;
    const activations = (tokensAtOnce?: number): number => {
      const [hidden, head] = [input('hidden', 'float32', [512, 16]), input('head', 'float32', [vocabSize, 16])];
      const model = { config: { ...tinyConfig, vocabSize, hiddenSize: 16, tieWordEmbeddings: false }, params: { 'lm_head.weight': head } };
      const found = tokensAt(model, hidden, input('targets', 'int64', [512]), { temperature: 1, tokensAtOnce });
      const [dHidden] = grad(sum(found.logProbs), [hidden], undefined, tokensAtOnce === undefined ? [] : found.kept);
      return planMemory({ dHidden }).activations;
    };
    // Once in all: log-softmax and gradient take the place of the logits.
    const once = 512 * vocabSize * 4;
    expect(activations()).toBeGreaterThanOrEqual(once);
    expect(activations()).toBeLessThan(1.1 * once);
    expect(activations(64)).toBeLessThan(once / 4);
    expect([chunkTokens(49_152), chunkTokens(827)]).toEqual([128, 10_112]);
  });
});

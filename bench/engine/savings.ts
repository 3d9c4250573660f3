// Two savings that need no setting, each against the step without it: no padding is computed, and logits only where the loss looks.
import { availableParallelism } from 'node:os';
import { Rng } from '#src/common/rng.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { decoderForward, lmLogits, ofTargets, type Model } from '#src/lm/model/transformer.js';
import { initWeights, inputParams } from '#src/lm/files/weights.js';
import { type Node } from '#src/nn/graph.js';
import { gather, logSoftmax } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { packGroups, type RolloutGroup } from '#src/rl/batch/group-batch.js';
import { inputLike, policyTokens } from '#src/rl/policy/policy-graph.js';
import { sftLoss } from '#src/rl/losses/sft.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';
import { stepShapes } from './shapes.js';

const [{ config }] = stepShapes;
const rounds = 7;
const [prompts, promptTokens] = [16, 96];

/** Log-probabilities of the completion tokens, float32 [slots]. */
type Forward = (model: Model, feeds: Feeds) => Node;

const whereTheLossLooks: Forward = (model, feeds) => policyTokens(model, feeds, 1).logProbs;

const ofAllTokens: Forward = (model, feeds) => {
  const at = (name: string): Node => inputLike(name, feeds);
  const { hidden } = decoderForward(model, at('ids'), { positions: at('positions'), mask: at('attentionMask') });
  const all = logSoftmax(lmLogits(model, hidden), -1); // [rows * time, vocab]
  return ofTargets(gather(all, at('predictedAt'), 0), at('targets'));
};

/** Supervised steps on completions of 8 to 256 tokens, packed, and on the same completions as if all had the length of the longest. */
export function paddingCase(): Promise<BenchCase> {
  const rng = Rng.from('padding');
  const lengths = Array.from({ length: prompts }, () => Math.round(8 * 2 ** (5 * rng.next())));
  const longest = Math.max(...lengths);
  const ways = { ours: groupsOf(lengths), peer: groupsOf(lengths.map(() => longest)) };
  return compare('supervised step, no padding computed', ways, { ours: whereTheLossLooks, peer: whereTheLossLooks }, 'all padded to the longest');
}

/** Supervised steps on completions of 32 tokens behind prompts of three times their length. */
export function logitsCase(): Promise<BenchCase> {
  const groups = groupsOf(Array.from({ length: prompts }, () => 32));
  return compare('supervised step, logits where the loss looks', { ours: groups, peer: groups }, { ours: whereTheLossLooks, peer: ofAllTokens }, 'logits of all tokens');
}

async function compare(name: string, groups: Record<'ours' | 'peer', RolloutGroup[]>, forwards: Record<'ours' | 'peer', Forward>, peerName: string): Promise<BenchCase> {
  const steps = { ours: stepOf(groups.ours, forwards.ours), peer: stepOf(groups.peer, forwards.peer) };
  const seconds: Record<'ours' | 'peer', number[]> = { ours: [], peer: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const side of ['ours', 'peer'] as const) {
      const started = performance.now();
      await steps[side].trainer.run(steps[side].feeds, 1e-4);
      // The first round builds the sessions.
      if (round > 0) seconds[side].push((performance.now() - started) / 1000);
    }
  }
  for (const { trainer } of Object.values(steps)) await trainer.dispose();
  const rate = (times: number[]): number => prompts / median(times);
  return benchCase(name, 'completions/s', rate(seconds.ours), { name: peerName, value: rate(seconds.peer) });
}

function stepOf(groups: RolloutGroup[], forward: Forward): { trainer: TrainStep; feeds: Feeds } {
  const { feeds } = packGroups(groups, attentionCost(config));
  const state = TrainState.init(initWeights(config, 1));
  const build = (batch: Feeds) => {
    const params = inputParams(state.params);
    const inputs = { logProbs: forward({ config, params }, batch), mask: inputLike('mask', batch), tokens: inputLike('tokens', batch) };
    return { loss: sftLoss(inputs), trainable: params };
  };
  return { trainer: new TrainStep({ state, optimizer: { maxGradNorm: 1 }, build, session: { threads: availableParallelism() } }), feeds };
}

/** A completion of each length behind a prompt of its own. */
function groupsOf(lengths: readonly number[]): RolloutGroup[] {
  const rng = Rng.from('savings');
  const some = (length: number): number[] => Array.from({ length }, () => rng.int(config.vocabSize));
  return lengths.map((length) => ({ promptIds: some(promptTokens), completions: [{ tokenIds: some(length), advantage: 1 }] }));
}

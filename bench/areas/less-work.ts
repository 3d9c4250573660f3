// npm run bench -- less-work: what the engine saves, each saving measured against the same step without it.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AreaResult, Notes } from '../area.js';
import { Rng } from '#src/common/rng.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { initWeights } from '#src/lm/files/weights.js';
import { collate, type EncodedGroup } from '#src/rl/batch/preference-batch.js';
import { completeReward, type GivenHyperparameters } from '#src/rl/methods/reward.js';
import { keepTrunk } from '#src/rl/reward/reward-trunk.js';
import { RewardWeights } from '#src/rl/reward/reward-weights.js';
import { logitsCase, paddingCase } from '../engine/savings.js';
import { stepShapes } from '../engine/shapes.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';

const [prompts, completions, promptTokens, completionTokens] = [8, 4, 96, 32];
const rounds = 7;
const [trunkSteps, trunkRounds] = [3, 3];
const mebibyte = 1024 ** 2;

export async function lessWork(notes: Notes): Promise<AreaResult> {
  const trunk = [];
  for (const epochs of [1, 4]) trunk.push(await frozenTrunk(notes, 'all weights', { epochs }));
  trunk.push(await frozenTrunk(notes, 'low-rank factors', { epochs: 4, lora: { rank: 8 } }));
  return { cases: [await sharing(notes), await paddingCase(), await logitsCase(), ...trunk, ...memory(notes)], broken: [] };
}

/**
 * Epochs of reward training whose upper half of the layers is trained, with the hidden states of the lower half kept from epoch
 * to epoch (the time to compute and write them counts), against the same steps on the whole model.
 */
async function frozenTrunk(notes: Notes, name: string, given: GivenHyperparameters): Promise<BenchCase> {
  const { config } = stepShapes[0];
  const hyperparameters = completeReward({ ...given, trainedLayers: config.numLayers / 2 });
  const checkpoint: Checkpoint = { config, tensors: initWeights(config, 1), tokenizer: { tokenizerJson: '{}', tokenizerConfigJson: '{}' } };
  const threads = availableParallelism();
  const weights = new RewardWeights(checkpoint, hyperparameters, threads);
  const packing = { padId: 0, attentionCost: attentionCost(config) };
  const data = { train: Array.from({ length: trunkSteps }, (_, step) => randomGroups(config.vocabSize, `step ${step}`)).flat(), validation: [] };
  const seconds: Record<'kept' | 'whole', number[]> = { kept: [], whole: [] };
  for (let round = 0; round <= trunkRounds; round++) {
    for (const way of ['kept', 'whole'] as const) {
      const started = performance.now();
      const { train, trunk } = await keepTrunk({ checkpoint, hyperparameters, threads }, data, { train: way === 'kept', validation: false });
      // The first round builds the sessions.
      for (let step = 0; step < (round > 0 ? hyperparameters.epochs * trunkSteps : 1); step++) {
        const first = (step % trunkSteps) * prompts;
        await weights.step([collate(train.slice(first, first + prompts), packing)], 1e-4, trunk);
      }
      await trunk?.close();
      if (round > 0) seconds[way].push((performance.now() - started) / 1000);
    }
  }
  await weights.dispose();
  const { epochs } = hyperparameters;
  const rate = (times: number[]): number => (epochs * trunkSteps * prompts * completions) / median(times);
  notes(`${name}, ${epochs} x ${trunkSteps} steps, ${config.numLayers / 2} of ${config.numLayers} layers: ${median(seconds.kept).toFixed(1)} s, ${median(seconds.whole).toFixed(1)} s on the whole model`);
  return benchCase(`upper half trained, ${name}, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`, 'completions/s', rate(seconds.kept), {
    name: 'frozen layers computed at every step',
    value: rate(seconds.whole),
  });
}

/** A reward step with each prompt read once, against the same step with a row for each completion. */
async function sharing(notes: Notes): Promise<BenchCase> {
  const { config } = stepShapes[0];
  const weights = new RewardWeights(
    { config, tensors: initWeights(config, 1), tokenizer: { tokenizerJson: '{}', tokenizerConfigJson: '{}' } },
    completeReward({}),
    availableParallelism(),
  );
  const groups = randomGroups(config.vocabSize);
  const packing = { padId: 0, attentionCost: attentionCost(config) };
  const shared = collate(groups, packing);
  const separate = collate(groups.map(withOwnPrompts), packing);
  notes(`${prompts} prompts of ${promptTokens} tokens with ${completions} completions of ${completionTokens}: ${shared.tokens} tokens instead of ${separate.tokens}`);
  const seconds: Record<'shared' | 'separate', number[]> = { shared: [], separate: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [name, batch] of Object.entries({ shared, separate })) {
      const started = performance.now();
      await weights.step([batch], 1e-4);
      if (round > 0) seconds[name as 'shared'].push((performance.now() - started) / 1000);
    }
  }
  await weights.dispose();
  const rate = (times: number[]): number => (prompts * completions) / median(times);
  return benchCase('reward step, prompts shared', 'completions/s', rate(seconds.shared), { name: 'a row for each completion', value: rate(seconds.separate) });
}

/** Growth of a process over a few steps, beside what the plan said and beside the plain step. */
function memory(notes: Notes): BenchCase[] {
  const child = fileURLToPath(new URL('../engine/memory-child.js', import.meta.url));
  const measure = (setting: string) => JSON.parse(execFileSync(process.execPath, [child, setting], { encoding: 'utf8' })) as { measured: number; planned: number; seconds: number };
  const plain = measure('plain');
  const settings = ['checkpointing', 'micro-batches', 'both'].map((setting) => ({ setting, ...measure(setting) }));
  return [{ setting: 'plain', ...plain }, ...settings].flatMap(({ setting, measured, planned, seconds }) => {
    notes(`${setting}: ${(measured / mebibyte).toFixed(0)} MiB measured, ${(planned / mebibyte).toFixed(0)} planned, ${seconds.toFixed(2)} s`);
    return [
      benchCase(`memory of a step, ${setting}`, 'MiB', measured / mebibyte, { name: 'its plan', value: planned / mebibyte }),
      ...(setting === 'plain' ? [] : [benchCase(`memory of a step, ${setting}`, 'MiB', measured / mebibyte, { name: 'the plain step', value: plain.measured / mebibyte })]),
    ];
  });
}

/** Prompts that differ in their first token are not shared. */
function withOwnPrompts({ texts, pairs }: EncodedGroup): EncodedGroup {
  return { texts: texts.map((text, i) => ({ ...text, prompt: [i, ...text.prompt.slice(1)] })), pairs };
}

function randomGroups(vocab: number, seed = 'less work'): EncodedGroup[] {
  const rng = Rng.from(seed);
  const some = (length: number): number[] => Array.from({ length }, () => rng.int(vocab));
  return Array.from({ length: prompts }, () => {
    const prompt = some(promptTokens);
    const texts = Array.from({ length: completions }, () => ({ prompt, completion: some(completionTokens), truncated: false }));
    return { texts, pairs: [1, 2, 3].map((rejected) => ({ chosen: 0, rejected, margin: 0 })) };
  });
}

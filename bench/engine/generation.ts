// Sampling speed of the starter policy: a full batch, no row allowed to end early, reading the prompts included.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCheckpointDir } from '#src/lm/files/checkpoint.js';
import { Generator, type GeneratorModel, type PromptRequest } from '#src/lm/decode/generate.js';
import { initWeights } from '#src/lm/files/weights.js';
import { starterConfig } from './shapes.js';

const [prompts, samplesPerPrompt, promptTokens, newTokens] = [16, 4, 48, 64];
export const generationRows = prompts * samplesPerPrompt;

/** Tokens per second of each of `times` runs, after one that is not counted. */
export async function generationSpeeds(times: number): Promise<number[]> {
  const model = await starter();
  const generator = new Generator(model, { maxRows: generationRows });
  const requests: PromptRequest[] = Array.from({ length: prompts }, (_, p) => ({
    ids: Array.from({ length: promptTokens }, (_, t) => (p * 31 + t * 7 + 5) % model.config.vocabSize),
    seeds: Array.from({ length: samplesPerPrompt }, (_, s) => `${p}/${s}`),
  }));
  const speeds: number[] = [];
  for (let run = 0; run <= times; run++) {
    const started = performance.now();
    const options = { temperature: 1, topP: 1, maxNewTokens: newTokens, stopTokenIds: [] };
    const groups = await generator.generate(requests, options);
    const tokens = groups.flat().reduce((total, { tokenIds }) => total + tokenIds.length, 0);
    if (run > 0) speeds.push(tokens / ((performance.now() - started) / 1000));
  }
  await generator.dispose();
  return speeds;
}

/** Speed does not depend on the values, so before the starter was trained random weights do. */
async function starter(): Promise<GeneratorModel> {
  const dir = join('models', 'starter');
  if (existsSync(join(dir, 'model.safetensors'))) return readCheckpointDir(dir);
  return { config: starterConfig, tensors: initWeights(starterConfig, 1) };
}

// Saves the golden checkpoints of all families again, each also with a LoRA adapter (of policies for all layers, and for the last one
// alone; of reward models with a head) and with the adapter merged:
//
//   npm run build && node dist/tools/oracles/save-families.js FOLDER
//   python tools/oracles/families.py --check FOLDER      loads them with transformers and peft
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serializeAdapter } from '#src/lm/lora/adapter.js';
import { parseCheckpoint, writeCheckpointDir, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { allLinearOf, initLora, mergeLora } from '#src/lm/lora/lora.js';
import { scoreName } from '#src/lm/model/parameter-shapes.js';
import { withRewardPadding } from '#src/lm/files/reward-padding.js';
import { loraOf } from '#src/lm/lora/trained-layers.js';
import { f32, floats } from '#src/nn/tensor.js';

const golden = 'test/golden/families';
const [, , target] = process.argv;
if (!target) throw new Error('usage: save-families FOLDER');

const tokenizer = Object.fromEntries(['tokenizer.json', 'tokenizer_config.json'].map((name) => [name, readFileSync(`models/starter/${name}`)]));
const load = async (name: string): Promise<Checkpoint> =>
  parseCheckpoint({
    'config.json': await readFile(`${golden}/${name}/config.json`),
    'model.safetensors': await readFile(`${golden}/${name}/model.safetensors`),
    ...tokenizer,
  });

for (const name of Object.keys(JSON.parse(readFileSync(`${golden}/cases.json`, 'utf8')) as object)) {
  const checkpoint = await load(name);
  const { config, tensors } = checkpoint;
  await writeCheckpointDir(join(target, name), checkpoint);
  const isReward = config.head === 'reward';
  // A reward model's adapter has a head of its own.
  const whole = isReward ? { [scoreName]: f32(floats(tensors[scoreName]).map((value, i) => value + 0.1 * Math.cos(i)), tensors[scoreName].shape) } : undefined;
  for (const [kind, trainedLayers] of isReward ? ([['', null]] as const) : ([['', null], ['-last', 1]] as const)) {
    const lora = loraOf(config, { rank: 2, alpha: 4, targetModules: allLinearOf(config) }, trainedLayers)!;
    const factors = initLora(config, lora, 1);
    for (const factor of Object.values(factors)) floats(factor).forEach((_, i, data) => (data[i] = 0.05 * Math.sin(i + 1)));
    await writeCheckpointDir(join(target, `${name}${kind}-merged`), { ...checkpoint, tensors: { ...mergeLora(tensors, factors, config, lora), ...whole } });
    await mkdir(join(target, `${name}${kind}-adapter`), { recursive: true });
    for (const [file, bytes] of Object.entries(serializeAdapter({ lora, factors, whole }, name))) {
      await writeFile(join(target, `${name}${kind}-adapter`, file), bytes);
    }
  }
}

const markerPads = 'llama-reward-marker-pads';
await writeCheckpointDir(join(target, markerPads), withRewardPadding(await load(markerPads)));

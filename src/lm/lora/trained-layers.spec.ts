import { expect, test } from 'vitest';
import { floats } from '#src/nn/tensor.js';
import { parseAdapter, serializeAdapter } from './adapter.js';
import { initLora, loraTargets, mergeLora } from './lora.js';
import { parameterShapes } from '../model/parameter-shapes.js';
import { tinyConfigs } from '../model/tiny-model.fixture.js';
import { isTrainedParameter, loraOf, lowestTrainedLayer } from './trained-layers.js';
import { initWeights } from '../files/weights.js';

test('counted from the top; nothing is all of the model', () => {
  const config = { numLayers: 12 };
  expect([null, undefined, 12, 1].map((count) => lowestTrainedLayer(config, count))).toEqual([0, 0, 0, 11]);
});

test.each([
  ['llama', 'reward', ['model.layers.1.', 'model.norm.', 'score.']],
  ['llama', 'lm', ['model.layers.1.', 'model.norm.', 'lm_head.']],
  // Tied: the embeddings are the head, and stay.
  ['qwen3', 'lm', ['model.layers.1.', 'model.norm.']],
  ['gpt2', 'reward', ['transformer.h.1.', 'transformer.ln_f.', 'score.']],
] as const)('full training of %s (%s) moves the last layer, final norm and head', (family, head, prefixes) => {
  const config = { ...tinyConfigs[family], head };
  const names = Object.keys(parameterShapes(config));
  expect(names.filter((name) => isTrainedParameter(config, null, name))).toEqual(names);
  expect(names.filter((name) => isTrainedParameter(config, 1, name))).toEqual(names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix))));
});

test('a layer number is read whole', () => {
  const config = { ...tinyConfigs.llama, numLayers: 12 };
  const trained = Object.keys(parameterShapes(config)).filter((name) => isTrainedParameter(config, 2, name) && name.includes('.layers.'));
  expect([...new Set(trained.map((name) => name.split('.')[2]))]).toEqual(['10', '11']);
});

test('low-rank factors of the upper layers, as a PEFT folder and back', () => {
  const config = { ...tinyConfigs.llama, numLayers: 4 };
  const base = { rank: 2, alpha: 4, targetModules: ['q_proj' as const] };
  expect(loraOf(config, base, null)).toEqual(base);
  const lora = loraOf(config, base, 2)!;
  expect(loraTargets(config, lora)).toEqual([2, 3].map((layer) => `model.layers.${layer}.self_attn.q_proj.weight`));
  const adapter = { lora, factors: initLora(config, lora, 1) };
  // The same as those of an adapter for all layers.
  expect(initLora(config, base, 1)).toMatchObject(adapter.factors);
  const files = serializeAdapter(adapter, 'starter');
  const json = JSON.parse(new TextDecoder().decode(files['adapter_config.json'])) as Record<string, unknown>;
  expect(json).toMatchObject({ layers_to_transform: [2, 3], target_modules: ['q_proj'] });
  expect(parseAdapter(files)).toEqual(adapter);
  const tensors = initWeights(config, 1);
  for (const name of Object.keys(adapter.factors)) if (name.includes('lora_B')) floats(adapter.factors[name]).fill(1);
  const merged = mergeLora(tensors, adapter.factors, config, lora);
  expect(Object.keys(merged).filter((name) => merged[name] !== tensors[name])).toEqual(loraTargets(config, lora));

  const reread = (change: object) => parseAdapter({ ...files, 'adapter_config.json': new TextEncoder().encode(JSON.stringify({ ...json, ...change })) }).lora.layers;
  expect(reread({ layers_to_transform: 3, layers_pattern: 'layers' })).toEqual([3]);
  expect([reread({ layers_to_transform: null }), reread({ layers_to_transform: [] })]).toEqual([undefined, undefined]);
  expect(() => reread({ layers_to_transform: ['two'] })).toThrow('layers_to_transform ["two"] is not an index');
  expect(() => reread({ layers_pattern: 'blocks' })).toThrow('layers_pattern "blocks" is not what');
  expect(() => loraTargets(config, { ...base, layers: [4] })).toThrow('layer 4 does not exist: the model has 4 layers');
});

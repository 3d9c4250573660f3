import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAdapter, serializeAdapter } from '../lora/adapter.js';
import { CheckpointError, parseCheckpoint, readCheckpointDir, serializeCheckpoint, writeCheckpointDir } from './checkpoint.js';
import { allLinear, initLora } from '../lora/lora.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';
import { Tokenizer } from '../text/tokenizer.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { initWeights, rewardWeightsFrom } from './weights.js';
import { checkpointHash, writeSafetensors } from '../testing.fixture.js';

const tokenizer = trainBpe(['a b'], {
  merges: 0,
  specialTokens: ['<pad>', '<eos>'],
  eos: '<eos>',
  pad: '<pad>',
});
const checkpoint = { config: tinyConfig, tokenizer, tensors: initWeights(tinyConfig, 1) };
const reward = {
  ...checkpoint,
  config: { ...tinyConfig, head: 'reward' as const },
  tensors: rewardWeightsFrom(checkpoint.tensors, tinyConfig, 2),
};
const json = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;

describe('checkpoint', () => {
  it.each([
    ['policy', checkpoint],
    ['reward model', reward],
  ])('round-trips a %s through files and a folder', async (_, original) => {
    expect(parseCheckpoint(serializeCheckpoint(original))).toEqual(original);
    const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    try {
      await writeCheckpointDir(directory, original);
      const back = await readCheckpointDir(directory);
      expect(back).toEqual(original);
      expect(checkpointHash(back)).toBe(checkpointHash(original));
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes what transformers expects of a reward model', () => {
    const files = serializeCheckpoint(reward, 'BF16');
    expect(json(files['config.json'])).toMatchObject({
      architectures: ['LlamaForSequenceClassification'],
      num_labels: 1,
      torch_dtype: 'bfloat16',
    });
    expect(reward.tensors['score.weight'].shape).toEqual([1, 16]);
    expect(reward.tensors['lm_head.weight']).toBeUndefined();
  });

  it('hashes what the model computes', () => {
    const changed = { ...checkpoint, config: { ...tinyConfig, ropeTheta: 20_000 } };
    const other = { ...checkpoint, tensors: initWeights(tinyConfig, 3) };
    expect(new Set([checkpoint, changed, other, reward].map(checkpointHash)).size).toBe(4);
    expect(checkpointHash({ ...checkpoint, tensors: initWeights(tinyConfig, 1) })).toBe(
      checkpointHash(checkpoint),
    );
  });

  it('joins shards by the index file', () => {
    const files = serializeCheckpoint(checkpoint);
    const names = Object.keys(checkpoint.tensors);
    const part = (keep: string[]): Uint8Array =>
      writeSafetensors(Object.fromEntries(keep.map((name) => [name, checkpoint.tensors[name]])));
    const index = {
      weight_map: Object.fromEntries(
        names.map((name, i) => [name, i < 5 ? 'a.safetensors' : 'b.safetensors']),
      ),
    };
    const rest = { ...files };
    delete rest['model.safetensors'];
    const sharded = {
      ...rest,
      'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify(index)),
      'a.safetensors': part(names.slice(0, 5)),
      'b.safetensors': part(names.slice(5)),
    };
    expect(parseCheckpoint(sharded)).toEqual(checkpoint);
    expect(() => parseCheckpoint(rest)).toThrow(/model.safetensors is missing/);
  });

  it('keeps a chat template that came in a file of its own', async () => {
    const files = serializeCheckpoint(checkpoint);
    const template = "{{ messages[0]['content'] }}\n";
    const parsed = parseCheckpoint({ ...files, 'chat_template.jinja': new TextEncoder().encode(template) });
    const again = parseCheckpoint(serializeCheckpoint(parsed));
    expect(Tokenizer.fromFiles(again.tokenizer)).toMatchObject({ chatTemplate: template, eosTokenId: 1 });
    const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    try {
      await writeCheckpointDir(directory, checkpoint);
      await writeFile(join(directory, 'chat_template.jinja'), template);
      expect(await readCheckpointDir(directory)).toEqual(parsed);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  describe('in shards', () => {
    const sharded = serializeCheckpoint(checkpoint, 'F32', { maxShardBytes: 4000 });
    const shards = Object.keys(sharded).filter((name) => name.endsWith('.safetensors'));
    const map = json(sharded['model.safetensors.index.json']).weight_map as Record<string, string>;
    const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const withIndex = (index: unknown) => ({ ...sharded, 'model.safetensors.index.json': encode(index) });
    const withMap = (change: object) => withIndex({ weight_map: { ...map, ...change } });

    it('writes shards of the wanted size and reads them back', async () => {
      expect(shards.length).toBeGreaterThan(2);
      expect(shards[0]).toBe(`model-00001-of-${String(shards.length).padStart(5, '0')}.safetensors`);
      expect(parseCheckpoint(sharded)).toEqual(checkpoint);
      const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
      try {
        await writeCheckpointDir(directory, reward);
        await writeCheckpointDir(directory, checkpoint, 'F32', { maxShardBytes: 4000 });
        expect(await readdir(directory)).not.toContain('model.safetensors');
        expect(await readCheckpointDir(directory)).toEqual(checkpoint);
        await expect(readCheckpointDir(directory, { maxBytes: 5000 })).rejects.toThrow(/more than the limit/);
        await writeCheckpointDir(directory, checkpoint);
        expect(await readdir(directory)).not.toContain('model.safetensors.index.json');
        expect(await readCheckpointDir(directory)).toEqual(checkpoint);
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    const norm = 'model.norm.weight';
    const home = map[norm];
    const elsewhere = shards.find((name) => name !== home)!;
    const doubled = {
      ...sharded,
      [elsewhere]: writeSafetensors({
        ...Object.fromEntries(Object.entries(checkpoint.tensors).filter(([name]) => map[name] === elsewhere)),
        [norm]: checkpoint.tensors[norm],
      }),
    };
    const cases: [string, Record<string, Uint8Array>, RegExp][] = [
      ['parent folder', withMap({ [norm]: '../model.safetensors' }), /"\.\.\/model.safetensors" may not contain "\/"/],
      ['dots', withMap({ [norm]: '..' }), /is not a file/],
      ['backslash', withMap({ [norm]: '..\\model.safetensors' }), /may not contain/],
      ['absolute', withMap({ [norm]: '/etc/model.safetensors' }), /may not contain "\/"/],
      ['drive', withMap({ [norm]: 'C:model.safetensors' }), /may not contain ":"/],
      ['NUL', withMap({ [norm]: 'model.safetensors\0' }), /may not contain/],
      ['other kind', withMap({ [norm]: 'config.json' }), /not a .safetensors file/],
      ['number', withMap({ [norm]: 1 }), /weight_map\["model.norm.weight"\]: file name 1 is not a string/],
      ['missing shard', withMap({ [norm]: 'x.safetensors' }), /x.safetensors is missing|is in/],
      ['listed but missing', withMap({ ghost: home }), /tensor "ghost" is missing, though/],
      ['not listed', withIndex({ weight_map: Object.fromEntries(Object.entries(map).filter(([name]) => name !== norm)) }), /"model.norm.weight" is not listed/],
      ['in two shards', doubled, /is in .*, but .* lists it in/],
      ['no map', withIndex({}), /weight_map must be an object/],
      ['list', withIndex({ weight_map: [] }), /weight_map must be an object/],
      ['empty', withIndex({ weight_map: {} }), /weight_map is empty/],
      ['null', withIndex(null), /weight_map must be an object/],
      [
        'doubled key',
        { ...sharded, 'model.safetensors.index.json': new TextEncoder().encode('{"weight_map":{"a":"a.safetensors","a":"b.safetensors"}}') },
        /"a" is listed twice/,
      ],
    ];
    it('survives any index', () => {
      const names = fc.oneof(fc.constantFrom(...shards, '../x.safetensors', 'x.safetensors'), fc.string(), fc.jsonValue());
      const maps = fc.oneof(fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(map)), fc.string()), names), fc.jsonValue());
      fc.assert(
        fc.property(fc.oneof(maps.map((weights) => ({ weight_map: weights })), fc.jsonValue()), (index) => {
          expect(() => parseCheckpoint(withIndex(index))).toThrow(CheckpointError);
        }),
        { numRuns: 500 },
      );
    });

    it.each(cases)('refuses: %s', (_, files, message) => {
      expect(() => parseCheckpoint(files)).toThrow(CheckpointError);
      expect(() => parseCheckpoint(files)).toThrow(message);
    });
  });

  it('follows links only within the folder and the layout of the Hub cache', async () => {
    const root = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    const [plain, snapshot, blobs] = [join(root, 'plain'), join(root, 'm/snapshots/abc'), join(root, 'm/blobs')];
    try {
      for (const folder of [plain, snapshot, blobs]) await mkdir(folder, { recursive: true });
      const files = Object.entries(serializeCheckpoint(checkpoint));
      for (const [name, bytes] of files) {
        await writeFile(join(blobs, name), bytes);
        await symlink(`../../blobs/${name}`, join(snapshot, name));
        await symlink(join(blobs, name), join(plain, name));
      }
      expect(await readCheckpointDir(snapshot)).toEqual(checkpoint);
      await expect(readCheckpointDir(plain)).rejects.toThrow(/is a link that leaves the folder/);
      await expect(readCheckpointDir(join(root, 'none'))).rejects.toThrow(/is not a folder/);
      await rm(join(snapshot, 'config.json'));
      await symlink('../../../plain/x', join(snapshot, 'config.json'));
      await writeFile(join(plain, 'x'), '{}');
      await expect(readCheckpointDir(snapshot)).rejects.toThrow(/leaves the folder/);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('takes a chat template from its own file and refuses a bad end of sequence', () => {
    const files = serializeCheckpoint(checkpoint);
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const { tokenizer: read } = parseCheckpoint({ ...files, 'chat_template.jinja': text('{{ messages }}') });
    expect(JSON.parse(read.tokenizerConfigJson)).toMatchObject({ chat_template: '{{ messages }}' });
    expect(() => parseCheckpoint({ ...files, 'generation_config.json': text('{"eos_token_id":"x"}') })).toThrow(
      /generation_config.json: eos_token_id .*"x"/,
    );
  });

  it('refuses tensors that do not fit the configuration', () => {
    const { 'model.norm.weight': norm, ...rest } = checkpoint.tensors;
    const withTensors = (tensors: typeof checkpoint.tensors) => () =>
      parseCheckpoint({ ...serializeCheckpoint(checkpoint), 'model.safetensors': writeSafetensors(tensors) });
    expect(withTensors(rest)).toThrow(CheckpointError);
    expect(withTensors(rest)).toThrow(/"model.norm.weight" is missing/);
    expect(withTensors({ ...rest, 'model.norm.weight': { ...norm, shape: [2, 8] } })).toThrow(
      /has shape \[2, 8\]/,
    );
    expect(withTensors({ ...checkpoint.tensors, 'model.layers.0.self_attn.q_norm.weight': norm })).toThrow(
      /no place/,
    );
  });

  it('does not list the layers of a configuration that claims a billion', () => {
    const config = { ...json(serializeCheckpoint(checkpoint)['config.json']), num_hidden_layers: 1e9 };
    const files = { ...serializeCheckpoint(checkpoint), 'config.json': new TextEncoder().encode(JSON.stringify(config)) };
    expect(() => parseCheckpoint(files)).toThrow('num_hidden_layers must be at most 10000, got 1000000000');
    const some = { ...config, num_hidden_layers: 9999 };
    const fewer = { ...files, 'config.json': new TextEncoder().encode(JSON.stringify(some)) };
    expect(() => parseCheckpoint(fewer)).toThrow(/9999 layers cannot be made of \d+ tensors/);
  });

  it('round-trips a PEFT adapter', () => {
    const lora = { rank: 2, alpha: 4, targetModules: allLinear };
    const adapter = { lora, factors: initLora(tinyConfig, lora, 1) };
    const files = serializeAdapter(adapter, 'starter');
    expect(parseAdapter(files)).toEqual(adapter);
    expect(json(files['adapter_config.json'])).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 4,
      base_model_name_or_path: 'starter',
    });
    expect(Object.keys(adapter.factors)).toContain(
      'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight',
    );
  });
});

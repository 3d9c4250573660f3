import { lstat, mkdtemp, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serializeCheckpoint, type Checkpoint } from '../checkpoint.js';
import { loadCheckpoint, parseSource } from '../load-checkpoint.js';
import { tinyConfig } from '../../model/tiny-model.fixture.js';
import { trainBpe } from '../../../../tools/starter/train-bpe.js';
import { initWeights } from '../weights.js';
import { downloadModel, type DownloadOptions, type DownloadProgress } from './download-model.js';
import { commit, FakeHub } from './fake-hub.fixture.js';
import { HubError } from './hub-error.js';
import { cacheFolder, parseRepository } from './repository.js';

const checkpoint: Checkpoint = {
  config: tinyConfig,
  tokenizer: trainBpe(['a b'], { merges: 0, specialTokens: ['<pad>', '<eos>'], eos: '<eos>', pad: '<pad>' }),
  tensors: initWeights(tinyConfig, 1),
};
const repository = parseRepository('tiny/model');
const weights = 'model.safetensors';

describe('the Hub', () => {
  let hub: FakeHub;
  let endpoint: string;
  let cache: string;
  const env = (more: Record<string, string> = {}): Record<string, string> => ({ HF_ENDPOINT: endpoint, HF_HUB_CACHE: cache, ...more });
  const download = (options: DownloadOptions = {}) => downloadModel(repository, { env: env(), pauseMs: 1, ...options });
  const lines = (): string[] => hub.requests.map(({ line }) => line);
  const blobs = (): Promise<string[]> => readdir(join(cache, 'models--tiny--model/blobs'));

  beforeEach(async () => {
    hub = new FakeHub();
    hub.files = { ...serializeCheckpoint(checkpoint), 'README.md': Buffer.from('# x'), 'onnx/model.onnx': Buffer.from('x'), 'pytorch_model.bin': Buffer.from('x') };
    hub.large.add(weights);
    endpoint = await hub.start();
    cache = await mkdtemp(join(tmpdir(), 'hub-'));
  });
  afterEach(async () => {
    await hub.stop();
    await rm(cache, { recursive: true });
  });

  it('fetches what a checkpoint needs, into the layout of huggingface_hub, and nothing twice', async () => {
    const progress: DownloadProgress[] = [];
    const { directory, files } = await download({ onProgress: (at) => progress.push(at) });
    expect(files.sort()).toEqual(['config.json', 'generation_config.json', weights, 'tokenizer.json', 'tokenizer_config.json']);
    expect(directory).toBe(join(cache, 'models--tiny--model/snapshots', commit));
    expect((await readdir(directory)).sort()).toEqual(files);
    expect(await readlink(join(directory, weights))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(await readFile(join(cache, 'models--tiny--model/refs/main'), 'utf8')).toBe(commit);
    const total = files.reduce((sum, name) => sum + hub.files[name].length, 0);
    expect(progress.at(-1)).toEqual({ file: weights, doneBytes: total, totalBytes: total });
    expect(progress.every(({ doneBytes }, i) => i === 0 || doneBytes >= progress[i - 1].doneBytes)).toBe(true);
    expect(await loadCheckpoint('hub:tiny/model', { env: env() })).toEqual(checkpoint);
    expect(lines().filter((line) => line.includes('resolve')).length).toBe(6);
  });

  it('goes on where a cut connection stopped, also in a later try', async () => {
    hub.cuts = [3000, 2500];
    await download();
    expect(lines().filter((line) => line.startsWith('storage')).map((line) => line.split(' ')[2])).toEqual([undefined, 'bytes=3000-', 'bytes=5500-']);
    await rm(cache, { recursive: true });
    hub.requests = [];
    hub.cuts = [3000];
    await expect(download({ attempts: 1 })).rejects.toThrow(/model.safetensors: the connection was cut/);
    expect((await blobs()).filter((name) => name.endsWith('.incomplete')).length).toBe(1);
    await download();
    expect(lines().filter((line) => line.startsWith('storage')).at(-1)).toMatch(/bytes=3000-$/);
    expect((await blobs()).some((name) => name.endsWith('.incomplete'))).toBe(false);
    expect(await loadCheckpoint('hub:tiny/model', { env: env() })).toEqual(checkpoint);
  });

  it('starts over when the server ignores ranges or the rest does not fit', async () => {
    hub.cuts = [3000];
    hub.ranges = false;
    await download();
    expect(await loadCheckpoint('hub:tiny/model', { env: env() })).toEqual(checkpoint);
    hub.ranges = true;
    const [blob] = (await blobs()).filter((name) => name.length === 64);
    await truncate(join(cache, 'models--tiny--model/blobs', blob), 100);
    await writeFile(join(cache, 'models--tiny--model/blobs', `${blob}.incomplete`), Buffer.alloc(50, 1));
    // The beginning is not the file's: the hash tells, and the next try fetches all of it.
    await expect(download()).rejects.toThrow(/have the hash [0-9a-f]{64}, the Hub lists/);
    await download();
    expect(await loadCheckpoint('hub:tiny/model', { env: env() })).toEqual(checkpoint);
  });

  it('tries again after 429 and 5xx, and waits as long as it is told', async () => {
    hub.failures = [{ path: '/api/', status: 503 }, { path: 'config.json', status: 429, headers: { 'retry-after': '0.05' } }];
    await download();
    expect(lines().filter((line) => line.includes('/revision/')).length).toBe(2);
    hub.failures = Array.from({ length: 3 }, () => ({ path: '/api/', status: 429 }));
    await expect(download({ attempts: 3 })).rejects.toThrow(/tiny\/model@main: cannot be read now: the Hub limits/);
  });

  it.each([
    [401, /tiny\/model@main: does not exist or needs a token: set HF_TOKEN/],
    [403, /is not accessible with this token/],
    [404, /tiny\/model@main: does not exist/],
    [400, /the Hub answered 400/],
  ])('explains %d at once', async (status, message) => {
    hub.failures = [{ path: '/api/', status }];
    const error = await download().catch((thrown: unknown) => thrown as HubError);
    expect(error).toBeInstanceOf(HubError);
    expect(error).toMatchObject({ status, message: expect.stringMatching(message) });
    expect(hub.requests.length).toBe(1);
  });

  it('names an address that cannot be reached', async () => {
    await expect(download({ env: env({ HF_ENDPOINT: 'http://127.0.0.1:9' }), attempts: 2 })).rejects.toThrow(/http:\/\/127.0.0.1:9 cannot be reached/);
    await expect(download({ env: env({ HF_ENDPOINT: 'file:///etc' }) })).rejects.toThrow(/HF_ENDPOINT "file:\/\/\/etc" is not/);
  });

  it('shows the token to the Hub alone', async () => {
    await download({ env: env({ HF_TOKEN: 'secret' }) });
    const tokens = (isStorage: boolean) => new Set(hub.requests.filter(({ line }) => line.startsWith('storage') === isStorage).map(({ authorization }) => authorization));
    expect(tokens(false)).toEqual(new Set(['Bearer secret']));
    expect(tokens(true)).toEqual(new Set([undefined]));
  });

  it('uses the cache alone when it is told to', async () => {
    const offline = env({ HF_HUB_OFFLINE: '1' });
    await expect(download({ env: offline })).rejects.toThrow(/tiny\/model@main: config.json is not in the cache, and HF_HUB_OFFLINE prevents/);
    await download();
    await hub.stop();
    expect(await loadCheckpoint('hub:tiny/model', { env: offline })).toEqual(checkpoint);
    expect(await loadCheckpoint(`hub:tiny/model@${commit}`, { env: offline })).toEqual(checkpoint);
    await rm(join(cache, 'models--tiny--model/snapshots', commit, weights));
    await expect(download({ env: offline })).rejects.toThrow(/model.safetensors is not in the cache/);
    await expect(download({ env: offline, ggufFile: 'x.gguf' })).rejects.toThrow(/x.gguf is not in the cache/);
  });

  it('follows the index of a sharded model, whose names it does not trust', async () => {
    hub.files = { ...serializeCheckpoint(checkpoint, 'F32', { maxShardBytes: 8000 }) };
    expect(await loadCheckpoint('hub:tiny/model', { env: env() })).toEqual(checkpoint);
    hub.files['model.safetensors.index.json'] = Buffer.from('{"weight_map":{"a":"../../../x.safetensors"}}');
    await expect(download()).rejects.toThrow(/may not contain "\/"/);
  });

  it('refuses a hostile list of files', async () => {
    const replace = (name: string, change: object) => (entries: Record<string, unknown>[]) =>
      entries.map((entry) => (entry.path === name ? { ...entry, ...change } : entry));
    hub.list = replace('config.json', { oid: '../../../../etc/x' });
    await expect(download()).rejects.toThrow(/which is not a file/);
    hub.list = replace(weights, { lfs: { oid: '../x', size: 5 } });
    await expect(download()).rejects.toThrow(/which is not a file/);
    hub.list = replace('config.json', { size: -1 });
    await expect(download()).rejects.toThrow(/which is not a file/);
    hub.list = replace('config.json', { path: '../config.json' });
    await expect(download()).rejects.toThrow(/has no config.json/);
    hub.list = (entries) => entries;
    hub.sha = '../../x';
    await expect(download()).rejects.toThrow(/which is not a commit/);
    expect(await readdir(cache)).toEqual([]);
  });

  it('refuses sizes and contents that are not what was listed', async () => {
    hub.body = (name, bytes) => (name === weights ? bytes.subarray(0, 5000) : bytes);
    await expect(download({ attempts: 2 })).rejects.toThrow(/cut 2 times \(it ended at byte 5000|cut/);
    hub.body = (name, bytes) => (name === weights ? Buffer.concat([bytes, Buffer.alloc(10)]) : bytes);
    await expect(download()).rejects.toThrow(/more than the \d+ bytes that the Hub lists/);
    await rm(cache, { recursive: true });
    hub.body = (name, bytes) => (name === 'config.json' ? Buffer.from(bytes).fill(0x20, 0, 1) : bytes);
    await expect(download()).rejects.toThrow(/config.json: the contents have the hash/);
    await expect(download({ maxBytes: 1000 })).rejects.toThrow(/bytes are more than the limit of 1000/);
  });

  it('fetches one GGUF file, and lists them where there is nothing else', async () => {
    hub.files = { 'a.gguf': Buffer.from('GGUF'), 'b.gguf': Buffer.from('x'), 'config.json': Buffer.from('{}'), 'tokenizer.json': Buffer.from('{}') };
    const { files, directory } = await download({ ggufFile: 'a.gguf' });
    expect(files).toEqual(['a.gguf']);
    expect((await lstat(join(directory, 'a.gguf'))).isSymbolicLink()).toBe(true);
    await expect(download()).rejects.toThrow(/has no model.safetensors; choose one of its GGUF files: a.gguf, b.gguf/);
    await expect(download({ ggufFile: 'c.gguf' })).rejects.toThrow(/has no c.gguf/);
    await expect(download({ ggufFile: '../a.gguf' })).rejects.toThrow(/may not contain/);
    await expect(loadCheckpoint('hub:tiny/model:b.gguf', { env: env() })).rejects.toThrow(/reach past the end of a file of 1 bytes/);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = download({ signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(pending).rejects.toThrow(/enough|aborted/);
  });

  it.each(['owner', 'a/b/c', '../b', 'a/..', 'a/b@', 'a/b@../x', 'a/b@c@d', '/b', 'a/', 'a b/c', 'a--b/c', 'a/b@-x', 'a/b@x//y', 'a/\0'])(
    'refuses the name %j',
    (name) => expect(() => parseRepository(name)).toThrow(HubError),
  );

  it('knows sources by their form', () => {
    expect(parseSource('hub:HuggingFaceTB/SmolLM2-135M@refs/pr/1')).toEqual({ kind: 'hub', repository: { owner: 'HuggingFaceTB', name: 'SmolLM2-135M', revision: 'refs/pr/1' } });
    expect(parseSource('hub:a/b:c.gguf')).toMatchObject({ kind: 'hub', ggufFile: 'c.gguf' });
    expect(parseSource('./x.gguf')).toEqual({ kind: 'gguf', path: './x.gguf' });
    expect(parseSource('models/starter')).toEqual({ kind: 'folder', path: 'models/starter' });
    expect(() => parseSource('hub:a/b:c:d')).toThrow(HubError);
  });

  it('keeps the cache where the environment says', () => {
    expect(cacheFolder({ HF_HUB_CACHE: '/c', HF_HOME: '/h' }, '/d')).toBe('/c');
    expect(cacheFolder({ HF_HOME: '/h' }, '/d')).toBe('/h/hub');
    expect(cacheFolder({}, '/d')).toBe('/d/hub');
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
  });
});

// npm run import-policy -- SOURCE [--adapter FOLDER] [--reward [--max-tokens N]] [--name NAME] [--format F32|F16|BF16] [--url URL] [--key KEY]: a model of the
// Hugging Face Hub, a GGUF file or a folder becomes a policy version, or a reward model, of a running Plumbline.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { connection, dataDir, environment } from '#src/config/environment.js';
import { Plumbline, PlumblineError } from '#sdk/client.js';
import { mergeAdapter, readAdapterDir } from '#src/lm/lora/adapter.js';
import { CheckpointError } from '#src/lm/files/checkpoint.js';
import { ConfigError } from '#src/lm/model/config.js';
import { GgufError } from '#src/lm/files/gguf/gguf-error.js';
import { HubError } from '#src/lm/files/hub/hub-error.js';
import { loadCheckpoint } from '#src/lm/files/load-checkpoint.js';
import { SafetensorsError, type FloatFormat } from '#src/lm/files/safetensors.js';
import { stageProgress } from '../terminal/progress.js';
import { importPolicy, importRewardModel } from './upload.js';

const usage =
  'usage: npm run import-policy -- hub:owner/name[@revision][:file.gguf] | file.gguf | folder [--adapter FOLDER] [--reward [--max-tokens N]] [--name NAME] [--format F32|F16|BF16] [--url http://127.0.0.1:3000] [--key plk_...]';

class UsageError extends Error {}

try {
  await main();
} catch (error) {
  const refused = error instanceof TypeError && error.message === 'fetch failed';
  const kinds = [UsageError, RangeError, PlumblineError, CheckpointError, ConfigError, GgufError, HubError, SafetensorsError];
  const known = kinds.some((kind) => error instanceof kind) || 'code' in (error as object);
  const message = refused ? 'no Plumbline is reachable at this URL: check that `npm start` is running and that --url is correct' : (error as Error).message;
  process.stderr.write(`plumbline: ${refused || known ? message : String((error as Error).stack)}\n`);
  process.exitCode = refused || known ? 2 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, key: { type: 'string' }, name: { type: 'string' }, format: { type: 'string' }, reward: { type: 'boolean' }, 'max-tokens': { type: 'string' }, adapter: { type: 'string' } },
  });
  const [source] = positionals;
  if (positionals.length !== 1) throw new UsageError(`give exactly one model, got ${positionals.length}; ${usage}`);
  const { format = 'F32', name = basename(source) } = values;
  if (!['F32', 'F16', 'BF16'].includes(format)) throw new UsageError(`--format must be F32, F16 or BF16, got ${format}`);
  const { baseUrl, apiKey } = connection(values);
  if (!apiKey) throw new UsageError('give an API key with --key or PLUMBLINE_API_KEY');
  const client = new Plumbline({ baseUrl, apiKey });

  const progress = stageProgress('model');
  const base = await loadCheckpoint(source, {
    dataDir: dataDir(),
    env: environment(),
    onProgress: ({ doneBytes, totalBytes }) => progress.update(doneBytes, totalBytes),
  });
  const checkpoint = values.adapter === undefined ? base : mergeAdapter(base, await readAdapterDir(values.adapter));
  const parameters = Object.values(checkpoint.tensors).reduce((sum, { data }) => sum + data.length, 0);
  progress.end(`${parameters} parameters`);
  if (values.reward) {
    const maxTokens = values['max-tokens'] === undefined ? undefined : Number(values['max-tokens']);
    const rewardModel = await importRewardModel(client, checkpoint, { name, format: format as FloatFormat, maxTokens });
    console.log(`reward model ${rewardModel.name}: ${rewardModel.id}`);
    return;
  }
  const version = await importPolicy(client, checkpoint, { name, description: `Imported from ${source}`, format: format as FloatFormat });
  console.log(`policy ${version.policyId}, version ${version.number}: ${version.id}`);
}

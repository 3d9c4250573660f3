// npm run export-model -- ID DIR [--format F32|F16|BF16] [--shards BYTES] [--onnx] [--max-time N] [--adapter] [--base NAME]
// [--url URL] [--key KEY]: the weights of a policy version or reward model of a running Plumbline become a folder.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connection } from '#src/config/environment.js';
import { Plumbline, PlumblineError } from '#sdk/client.js';
import { CheckpointError } from '#src/lm/files/checkpoint.js';
import { OnnxExportError } from '#src/lm/files/onnx-export.js';
import { SafetensorsError, type FloatFormat } from '#src/lm/files/safetensors.js';
import { stageProgress } from '../terminal/progress.js';
import { DownloadError } from './download.js';
import { exportModel, type ExportOptions } from './export.js';
import { ExportError } from './source.js';

const usage =
  'usage: npm run export-model -- POLICY_VERSION|REWARD_MODEL|MODEL DIR [--format F32|F16|BF16] [--shards BYTES] | [--onnx [--max-time TOKENS]] | [--adapter [--base NAME]] [--url http://127.0.0.1:3000] [--key plk_...]';

class UsageError extends Error {}

try {
  await main();
} catch (error) {
  const refused = error instanceof TypeError && error.message === 'fetch failed';
  const kinds = [UsageError, PlumblineError, ExportError, DownloadError, CheckpointError, OnnxExportError, SafetensorsError];
  const known = kinds.some((kind) => error instanceof kind) || 'code' in (error as object);
  const message = refused ? 'no Plumbline is reachable at this URL: check that `npm start` is running and that --url is correct' : (error as Error).message;
  process.stderr.write(`plumbline: ${refused || known ? message : String((error as Error).stack)}\n`);
  process.exitCode = refused || known ? 2 : 1;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: text, key: text, format: text, shards: text, onnx: flag, 'max-time': text, adapter: flag, base: text },
  });
  if (positionals.length !== 2) throw new UsageError(`give an id and a folder, got ${positionals.length} arguments; ${usage}`);
  const [id, directory] = [positionals[0], resolve(positionals[1])];
  const { baseUrl, apiKey } = connection(values);
  if (!apiKey) throw new UsageError('give an API key with --key or PLUMBLINE_API_KEY');
  const client = new Plumbline({ baseUrl, apiKey });
  const progress = stageProgress('download');
  const options = optionsOf(values);
  const { kind, files } = await exportModel(client, id, directory, { ...options, onBytes: (done, total) => progress.update(done, total) });
  progress.end(`${files.length} files`);
  console.log(`${kind} ${id} -> ${directory}: ${files.join(', ')}`);
}

interface Values {
  format?: string;
  shards?: string;
  onnx?: boolean;
  'max-time'?: string;
  adapter?: boolean;
  base?: string;
}

function optionsOf({ format, shards, onnx, 'max-time': maxTime, adapter, base }: Values): ExportOptions {
  if (format !== undefined && !['F32', 'F16', 'BF16'].includes(format)) throw new UsageError(`--format must be F32, F16 or BF16, got ${format}`);
  const kinds = [format !== undefined || shards !== undefined, onnx, adapter].filter(Boolean);
  if (kinds.length > 1) throw new UsageError('--format and --shards apply to safetensors only; they cannot be combined with --onnx or --adapter');
  if (maxTime !== undefined && !onnx) throw new UsageError('--max-time needs --onnx');
  if (base !== undefined && !adapter) throw new UsageError('--base needs --adapter');
  return {
    ...(format === undefined ? {} : { format: format as FloatFormat }),
    ...(shards === undefined ? {} : { maxShardBytes: count('--shards', shards) }),
    ...(onnx ? { onnx: { maxTime: maxTime === undefined ? 0 : count('--max-time', maxTime) } } : {}),
    ...(adapter ? { adapter: base === undefined ? {} : { base } } : {}),
  };
}

function count(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new UsageError(`${option} must be a positive whole number, got ${value}`);
}

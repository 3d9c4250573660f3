/** A model of a running Plumbline -> a folder that transformers, peft, vLLM or ONNX Runtime load, through the public API. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plumbline, Schemas } from '#sdk/client.js';
import { readCheckpointDir, writeCheckpointDir, type StorageOptions } from '#src/lm/files/checkpoint.js';
import { onnxFiles } from '#src/lm/files/onnx-export.js';
import { writeChunks, type FloatFormat } from '#src/lm/files/safetensors.js';
import { download } from './download.js';
import { ExportError, findAdapter, findSource, type ExportSource } from './source.js';

export interface ExportOptions extends StorageOptions {
  /** Of the weights; the files are as they are stored when neither this nor `maxShardBytes` is given. */
  format?: FloatFormat;
  /** `model.onnx` in the place of safetensors, for inputs of at most so many tokens (0: as many as the model reads). */
  onnx?: { maxTime: number };
  /** The PEFT folder of a version that was trained with LoRA, and nothing else. */
  adapter?: {
    /** Name or path of the base model for `adapter_config.json`; the id of the version it was trained from when left out. */
    base?: string;
  };
  onBytes?: (done: number, total: number) => void;
}

export interface Exported {
  kind: ExportSource['kind'];
  /** Names within the folder. */
  files: string[];
}

/** Rejects with PlumblineError, ExportError, DownloadError, OnnxExportError, or as `readCheckpointDir`. */
export async function exportModel(client: Plumbline, id: string, directory: string, options: ExportOptions = {}): Promise<Exported> {
  const source = await findSource(client, id);
  const files = options.adapter ? await exportAdapter(client, source, directory, options.adapter) : await exportWhole(client, source, directory, options);
  return { kind: source.kind, files: files.sort() };
}

async function exportWhole(client: Plumbline, { model }: ExportSource, directory: string, options: ExportOptions): Promise<string[]> {
  const asStored = !options.onnx && options.format === undefined && options.maxShardBytes === undefined;
  if (asStored) return downloadAll(client, model.files, directory, options);
  const raw = join(directory, '.download');
  try {
    await downloadAll(client, model.files, raw, options);
    return options.onnx ? await writeOnnx(raw, directory, options.onnx) : await convert(raw, directory, options);
  } finally {
    await rm(raw, { recursive: true, force: true });
  }
}

async function downloadAll(client: Plumbline, files: readonly Schemas['ModelFileDto'][], directory: string, { onBytes }: ExportOptions): Promise<string[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) await download(client, file, join(directory, plain(file.name)), (bytes) => onBytes?.((done += bytes), total));
  return files.map(({ name }) => name);
}

async function convert(raw: string, directory: string, { format, maxShardBytes }: ExportOptions): Promise<string[]> {
  return writeCheckpointDir(directory, await readCheckpointDir(raw), format, { maxShardBytes });
}

/** The graph, and beside it what its callers need to make ids of texts. */
async function writeOnnx(raw: string, directory: string, { maxTime }: { maxTime: number }): Promise<string[]> {
  const checkpoint = await readCheckpointDir(raw);
  const files = onnxFiles(checkpoint, maxTime > 0 ? { maxTime } : {});
  for (const [name, { chunks }] of Object.entries(files)) await writeChunks(join(directory, name), chunks);
  const beside: string[] = [];
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']) {
    const text = await readFile(join(raw, name)).catch(() => undefined);
    if (!text) continue;
    await writeFile(join(directory, name), text);
    beside.push(name);
  }
  return [...Object.keys(files), ...beside];
}

async function exportAdapter(client: Plumbline, source: ExportSource, directory: string, { base }: { base?: string }): Promise<string[]> {
  const files = await findAdapter(client, source);
  for (const { name, artifactId } of files) {
    const { sha256 } = await client.ok(client.http.GET('/v1/artifacts/{id}', { params: { path: { id: artifactId } } }));
    await download(client, { artifactId, sha256 }, join(directory, plain(name)));
  }
  if (base !== undefined) await nameBase(join(directory, 'adapter_config.json'), base);
  return files.map(({ name }) => name);
}

async function nameBase(path: string, base: string): Promise<void> {
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, `${JSON.stringify({ ...config, base_model_name_or_path: base }, null, 2)}\n`);
}

/** A server must not choose where files go. */
function plain(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new ExportError(`${JSON.stringify(name)} is not a plain file name`);
}

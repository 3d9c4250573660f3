// The API process never loads ONNX Runtime: what runs, builds or differentiates a graph does so in workers or child processes.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const resolve = createRequire(import.meta.url).resolve;

async function loadedBy(module: string, then = ''): Promise<string[]> {
  const script = `import 'reflect-metadata'; const loaded = await import(${JSON.stringify(module)}); ${then} console.log(JSON.stringify(process.report.getReport().sharedObjects)); process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return (JSON.parse(stdout) as string[]).filter((path) => path.includes('onnxruntime'));
}

test('the modules of the API do not load ONNX Runtime, the first session does', async () => {
  expect(await loadedBy(resolve('#src/app.module.js'))).toEqual([]);
  expect(await loadedBy(resolve('#src/nn/session.js'), 'await loaded.Session.create(new Uint8Array()).catch(() => undefined);')).not.toEqual([]);
}, 120_000);

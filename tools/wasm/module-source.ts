// WebAssembly of the engine, from its text form into TypeScript: nothing of it is compiled where it runs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where each lies, without its ending. */
export const kernels = ['src/nn/optim/adamw'] as const;

/** The module `<base>-module.ts` of `<base>.wat`. Needs wabt, a development dependency. */
export function moduleSource(base: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-wasm-'));
  try {
    const binary = join(folder, 'out.wasm');
    execFileSync(process.execPath, [resolve('node_modules/wabt/bin/wat2wasm'), `${base}.wat`, '-o', binary]);
    return `// Written by \`npm run wasm\`.\nexport const wasm = '${readFileSync(binary).toString('base64')}';\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// What is committed as WebAssembly is what its text says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernels, moduleSource } from '../../tools/wasm/module-source.js';

test.each(kernels)('%s-module.ts was written from %s.wat; `npm run wasm` writes it anew', (base) => {
  expect(readFileSync(`${base}-module.ts`, 'utf8')).toBe(moduleSource(base));
});

// npm run wasm: writes `<base>-module.ts` for each `<base>.wat` of the engine.
import { writeFileSync } from 'node:fs';
import { kernels, moduleSource } from './module-source.js';

for (const base of kernels) writeFileSync(`${base}-module.ts`, moduleSource(base));

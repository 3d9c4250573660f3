// npm run gpu:install: fetches what EXECUTION_PROVIDER=cuda needs beside the npm packages.
import { resolve } from 'node:path';
import { installCuda } from './install.js';

const { ok, lines } = installCuda(resolve('node_modules/onnxruntime-node'));
for (const line of lines) (ok ? process.stdout : process.stderr).write(`plumbline: ${line}\n`);
process.exitCode = ok ? 0 : 1;

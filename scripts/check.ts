// npm run check: everything that can be told without running the product, each check with its own line.
// All of them run even when one fails, so that a person sees the whole list at once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '#src/config/environment.js';
import { brokenReferences } from './check/docs.js';
import { checkSchema } from './check/schema.js';

const modules = 'node_modules';
const bin = (path: string): [string, string] => [process.execPath, join(modules, path)];

const checks: [name: string, run: () => boolean | Promise<boolean>][] = [
  ['types', () => passes(...bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json')],
  ['types of the page', () => passes(...bin('typescript/bin/tsc'), '--noEmit', '-p', 'web/tsconfig.json')],
  ['lint', () => passes(...bin('eslint/bin/eslint.js'), '.')],
  ['import rules and cycles', () => passes(...bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', 'scripts', 'bench', 'tools', 'test/faults', 'sdk', 'web')],
  ['folders import one way', () => passes(...bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', '--config', '.dependency-cruiser.folders.cjs')],
  ['nothing unused', () => passes(...bin('knip/bin/knip.js'), '--no-progress')],
  ['no exports used only by tests', () => passes(...bin('knip/bin/knip.js'), '--production', '--no-progress', '--include', 'files,exports,types')],
  ['documentation names existing files', () => brokenReferences().map((line) => console.log(line)).length === 0],
  ['openapi.json is current', () => passes(process.execPath, 'dist/tools/openapi/write.js', '--check')],
  ['openapi.json is valid', () => passes(...bin('@redocly/cli/bin/cli.js'), 'lint', 'openapi.json', '--format', 'stylish')],
  ['sdk is current', sdkIsCurrent],
  ['migrations match the entities', checkSchema],
];

let failed = 0;
for (const [name, run] of checks) {
  const started = Date.now();
  const ok = await run();
  if (!ok) failed++;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
console.log(failed === 0 ? 'check: all passed' : `check: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function passes(command: string, ...args: string[]): boolean {
  const done = spawnSync(command, args, { encoding: 'utf8', env: environment({ REDOCLY_TELEMETRY: 'off' }) });
  if (done.status !== 0) console.log((done.stdout + done.stderr).trim());
  return done.status === 0;
}

function sdkIsCurrent(): boolean {
  const file = 'sdk/schema.gen.ts';
  if (!existsSync(file)) return false;
  return passes(...bin('openapi-typescript/bin/cli.js'), 'openapi.json', '-o', file, '--default-non-nullable=false', '--check');
}

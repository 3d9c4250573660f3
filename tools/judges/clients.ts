import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { environment } from '#src/config/environment.js';
import { CannotJudge, needJava, nodePrograms, pythonPrograms, run } from './equipment.js';
import type { Bench } from './main.js';

const afternoons = resolve('tools/judges/afternoons');
const openapi = resolve('openapi.json');

/** Generates clients with openapi-python-client and openapi-generator, checks their types, and runs an afternoon's script with each. */
export async function judgePython(bench: Bench): Promise<string[]> {
  const programs = await pythonPrograms('clients');
  const python = join(programs, 'python');
  const mypy = (...paths: string[]): Step => ({ name: 'types', command: join(programs, 'mypy'), args: ['--ignore-missing-imports', ...paths] });
  const faults = await inFolder(bench, 'openapi-python-client', (dir) => [
    { name: 'generate', command: join(programs, 'openapi-python-client'), args: ['generate', '--path', openapi, '--meta', 'none', '--output-path', join(dir, 'plumbline_client')] },
    mypy('plumbline_client', join(afternoons, 'openapi_python_client.py')),
    { name: 'run', command: python, args: [join(afternoons, 'openapi_python_client.py')] },
  ]);
  try {
    await needJava();
  } catch (error) {
    if (faults.length > 0) return faults;
    throw new CannotJudge(`openapi-python-client is satisfied; ${(error as Error).message}`);
  }
  // It writes code that does not compile for `webhooks`.
  const reduced = await (await fetch(`${bench.url}/openapi.json?webhooks=false`)).text();
  return [
    ...faults,
    ...(await inFolder(bench, 'openapi-generator', (dir) => {
      writeFileSync(join(dir, 'openapi.json'), reduced);
      return [
        { name: 'generate', command: join(programs, 'openapi-generator-cli'), args: ['generate', '-i', 'openapi.json', '-g', 'python', '-o', '.', '--package-name', 'plumbline_ogen'] },
        mypy('plumbline_ogen', join(afternoons, 'openapi_generator.py')),
        { name: 'run', command: python, args: [join(afternoons, 'openapi_generator.py')] },
      ];
    })),
  ];
}

/** The same with @hey-api/openapi-ts. */
export async function judgeTypescript(bench: Bench): Promise<string[]> {
  const programs = await nodePrograms();
  const bin = (name: string) => join(programs, 'node_modules', '.bin', name);
  return inFolder(bench, '@hey-api/openapi-ts', (dir) => {
    cpSync(join(afternoons, 'hey_api.ts'), join(dir, 'afternoon.ts'));
    symlinkSync(join(programs, 'node_modules'), join(dir, 'node_modules'));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    const compilerOptions = { strict: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [], skipLibCheck: true, outDir: 'built', rootDir: '.' };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['afternoon.ts', 'generated'] }));
    return [
      { name: 'generate', command: bin('openapi-ts'), args: ['-i', openapi, '-o', join(dir, 'generated'), '-c', '@hey-api/client-fetch'] },
      { name: 'types', command: bin('tsc'), args: ['-p', '.'] },
      // Relative imports of what it generates have no endings.
      { name: 'run', command: process.execPath, args: ['--import', join(dir, 'endings.mjs'), join(dir, 'built', 'afternoon.js')], before: () => writeFileSync(join(dir, 'endings.mjs'), endings) },
    ];
  });
}

/** Lets Node find `./x` as `./x.js` or `./x/index.js`, as bundlers do. */
const endings = `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
export async function resolve(specifier, context, next) {
  if (!specifier.startsWith('.')) return next(specifier, context);
  for (const ending of ['', '.js', '/index.js']) {
    try { return await next(specifier + ending, context); } catch (error) { if (ending === '/index.js') throw error; }
  }
}\`));
`;

interface Step {
  name: string;
  command: string;
  args: string[];
  before?: () => void;
}

/** Runs the steps in a folder of their own until one fails; the folder stays then. */
async function inFolder({ url, adminKey, policyVersionId }: Bench, name: string, stepsIn: (dir: string) => Step[]): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-judge-'));
  const env = environment({ PLUMBLINE_URL: url, PLUMBLINE_KEY: adminKey, POLICY_VERSION_ID: policyVersionId, PYTHONPATH: dir, MYPYPATH: dir, NO_COLOR: '1' });
  for (const { name: step, command, args, before } of stepsIn(dir)) {
    before?.();
    const started = Date.now();
    const { ok, said, stdout } = await run(command, args, { cwd: dir, env });
    if (!ok) return [`${name}, ${step}: failed in ${dir}`, ...said.split('\n').slice(-15)];
    console.log(`${name}, ${step}: ok (${((Date.now() - started) / 1000).toFixed(0)} s)${step === 'run' ? `, ${stdout.trim()}` : ''}`);
  }
  rmSync(dir, { recursive: true });
  return [];
}

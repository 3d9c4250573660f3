// Entry of every npm command, in plain JavaScript because it must run on a bare clone: installs what is
// missing, builds what is stale, and hands over to the compiled command.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`plumbline: needs Node 20.19 or newer, this is ${process.versions.node}`);
  process.exit(1);
}

const commands = {
  quickstart: () => runBuilt('scripts/quickstart/main.js'),
  'loop:demo': () => runBuilt('scripts/loop-demo/main.js'),
  start: () => runBuilt('scripts/start.js'),
  worker: () => runBuilt('scripts/worker.js'),
  ingest: () => runBuilt('scripts/ingest/main.js'),
  'import-policy': () => runBuilt('scripts/import-policy/main.js'),
  'export-model': () => runBuilt('scripts/export-model/main.js'),
  doctor: () => runBuilt('scripts/doctor/main.js'),
  'gpu:install': () => runBuilt('scripts/gpu-install/main.js'),
  bench: () => runBuilt('bench/main.js', computing),
  faults: () => runBuilt('test/faults/main.js'),
  judges: () => runBuilt('tools/judges/main.js'),
  check: () => runBuilt('scripts/check.js'),
  test: () => {
    build();
    return node([bin('vitest', 'vitest.mjs'), 'run', ...args]);
  },
};

if (!Object.hasOwn(commands, command)) {
  console.error(`plumbline: unknown command '${command}', known are ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
// Read by quickstart, whose time counts from here.
process.env.PLUMBLINE_STARTED_AT ??= String(Date.now());
install();
process.exit(await commands[command]());

function install() {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
  const stamp = join(root, 'node_modules', '.plumbline-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('Installing packages (npm ci) ...');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, 'ci', ...quiet], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', ['ci', ...quiet], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.status !== 0) process.exit(done.status ?? 1);
  writeFileSync(stamp, lock);
}

function build() {
  const stamp = join(root, 'dist', '.built');
  const sources = ['src', 'scripts', 'bench', 'tools', 'test/faults', 'sdk', 'migrations', 'web', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
  const newest = Math.max(...sources.map((path) => newestIn(join(root, path))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  console.log('Building ...');
  const status = node([bin('@nestjs/cli', 'bin/nest.js'), 'build']);
  if (status !== 0) process.exit(status);
  const page = node([bin('vite', 'bin/vite.js'), 'build', 'web', '--logLevel', 'warn']);
  if (page !== 0) process.exit(page);
  writeFileSync(stamp, '');
}

function newestIn(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

async function runBuilt(file, more = () => ({})) {
  build();
  const env = { ...process.env, ...(await more()) };
  return node(['--enable-source-maps', join(root, 'dist', file), ...args], env);
}

/** The engine's benchmarks compute in the child, under the allocator's settings of a worker. */
async function computing() {
  const { allocatorEnv } = await import('../dist/src/process/allocator.js');
  return allocatorEnv(process.env);
}

function bin(name, file) {
  return join(root, 'node_modules', name, file);
}

function node(argv, env = process.env) {
  // The child handles the signals of the terminal; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  return spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit', env }).status ?? 1;
}

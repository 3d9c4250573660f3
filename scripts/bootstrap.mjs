// Entry of every npm command, in plain JavaScript because it must run on a bare clone: installs what is
// missing, builds what is stale, and hands over to the compiled command.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`plumbline: needs Node 20.19 or newer, this is ${process.versions.node}`);
  process.exit(1);
}

const client = '[--url http://127.0.0.1:3000] [--key plk_...]';

/** What `--help` prints: arguments, and what the command does; a command without them prints its own. */
const commands = {
  quickstart: {
    usage: '[--exit] [--report FILE]',
    does: 'Starts everything, runs the loop once with simulated labelers, prints a table, and serves until Ctrl-C.\n--exit ends after the table; --report writes it as JSON.',
    run: () => runBuilt('scripts/quickstart/main.js'),
  },
  'loop:demo': {
    usage: '[--iterations N] [--people] [--serve] [--report FILE]',
    does: 'Runs the loop several times round (3 unless N says otherwise), each time with a blind comparison.\n--people waits for people instead of simulated labelers; --serve goes on serving afterwards.',
    run: () => runBuilt('scripts/loop-demo/main.js'),
  },
  start: {
    usage: '[--queues NAME,NAME]',
    does: 'Starts Postgres (unless DATABASE_URL names one), the API and one worker, until Ctrl-C.\n--queues names the queues that the worker serves; all when left out.',
    run: () => runBuilt('scripts/start.js'),
  },
  worker: {
    usage: '[--queues NAME,NAME]',
    does: 'Starts one more worker beside a Plumbline that runs, for these queues; for all when left out.',
    run: () => runBuilt('scripts/worker.js'),
  },
  // Its help lists the formats, which are compiled code.
  ingest: { run: () => runBuilt('scripts/ingest/main.js') },
  'import-policy': {
    usage: `SOURCE ${client}`,
    does: 'Makes a policy version or a reward model of a model of the Hugging Face Hub, a GGUF file or a folder;\ndocs/checkpoints.md has its options.',
    run: () => runBuilt('scripts/import-policy/main.js'),
  },
  'export-model': {
    usage: `ID DIR ${client} [--format F] [--shards SIZE] [--onnx] [--adapter] [--base NAME] [--max-time S]`,
    does: 'Writes a policy version or a reward model to a folder; docs/checkpoints.md explains the options.',
    run: () => runBuilt('scripts/export-model/main.js'),
  },
  doctor: { usage: '[--json]', does: 'Tells whether this machine has what the settings ask for.', run: () => runBuilt('scripts/doctor/main.js') },
  'gpu:install': { usage: '', does: 'Fetches what EXECUTION_PROVIDER=cuda needs beside the npm packages.', run: () => runBuilt('scripts/gpu-install/main.js') },
  bench: { usage: '[AREA ...] [--json FILE] [--markdown] [--docs]', does: 'Measures; docs/lab/benchmarks.md has results.', run: () => runBuilt('bench/main.js', computing) },
  faults: {
    usage: 'NAME --rounds N [--only PART,PART] [--tasks N] [--report FILE]',
    does: 'Breaks a system of its own and counts what was lost; docs/faults.md has the names and results.',
    run: () => runBuilt('test/faults/main.js'),
  },
  judges: { usage: '[NAME ...]', does: 'Lets outside judges try the API: schemathesis, and generated clients in TypeScript and Python.', run: () => runBuilt('tools/judges/main.js') },
  check: { usage: '', does: 'Checks types, lint, import rules, the OpenAPI document, the SDK and the migrations.', run: () => runBuilt('scripts/check.js') },
  test: {
    usage: '[FILE ...] [OPTION ...]',
    does: 'Runs the tests, all or those of some files; options are those of `vitest run`.',
    run: async () => {
      await build();
      return node([bin('vitest', 'vitest.mjs'), 'run', ...args]);
    },
  },
};

if (!Object.hasOwn(commands, command)) {
  console.error(`plumbline: unknown command '${command}', known are ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
if (commands[command].does && (args.includes('--help') || args.includes('-h'))) {
  const { usage, does } = commands[command];
  console.log(`usage: npm run ${command}${usage ? ` -- ${usage}` : ''}\n\n${does}`);
  process.exit(0);
}

/** The program that runs now, and the signal that ended it all. */
let child;
let ending;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    ending ??= signal;
    // At a terminal Ctrl-C reaches the child as well; it stops once, however often it is told.
    child?.kill(signal);
  });
}
watchNpm();

// Read by quickstart, whose time counts from here.
process.env.PLUMBLINE_STARTED_AT ??= String(Date.now());
await install();
process.exit(await commands[command].run());

/**
 * npm ends at SIGTERM together with the shell between it and this process, and tells nobody else: what a process manager
 * stops is then npm alone, and all of Plumbline would go on unseen.
 */
function watchNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid === parent || ending) return;
    ending = 'SIGTERM';
    if (child) child.kill('SIGTERM');
    else process.exit(143);
  }, 200).unref();
}

async function install() {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
  const stamp = join(root, 'node_modules', '.plumbline-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const npm = process.env.npm_execpath;
  const [file, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  await step('Installing packages (npm ci)', [[file, [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error']]]);
  writeFileSync(stamp, lock);
}

async function build() {
  const stamp = join(root, 'dist', '.built');
  const sources = ['src', 'scripts', 'bench', 'tools', 'test/faults', 'sdk', 'migrations', 'web', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
  const newest = Math.max(...sources.map((path) => newestIn(join(root, path))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  await step('Building', [
    [process.execPath, [bin('@nestjs/cli', 'bin/nest.js'), 'build']],
    [process.execPath, [bin('vite', 'bin/vite.js'), 'build', 'web', '--logLevel', 'warn']],
  ]);
  writeFileSync(stamp, '');
}

/** Runs programs one after the other and says how long it takes; what they print is shown when one fails, which ends all. */
async function step(name, programs) {
  const started = Date.now();
  const line = () => `${name} ... ${Math.round((Date.now() - started) / 1000)} s`;
  const live = process.stdout.isTTY;
  if (live) process.stdout.write(line());
  else console.log(`${name} ...`);
  const ticking = setInterval(() => (live ? process.stdout.write(`\r${line()}`) : console.log(line())), live ? 1000 : 30_000);
  for (const [file, argv] of programs) {
    const output = [];
    const code = await start(file, argv, { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' }, output);
    if (code === 0) continue;
    clearInterval(ticking);
    process.stderr.write(`\n${Buffer.concat(output)}`);
    process.exit(code);
  }
  clearInterval(ticking);
  console.log(live ? `\r${line()}, done` : `${line()}, done`);
}

function newestIn(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

async function runBuilt(file, more = () => ({})) {
  await build();
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
  return start(process.execPath, argv, { stdio: 'inherit', env });
}

/** Resolves with the exit code; signals that this process gets meanwhile are the program's to obey. */
function start(file, argv, options, output = []) {
  if (ending) process.exit(128 + constants.signals[ending]);
  return new Promise((resolve) => {
    child = spawn(file, argv, { cwd: root, ...options });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => output.push(data));
    child.once('error', (error) => {
      console.error(`plumbline: ${file} could not be run: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      child = undefined;
      if (ending && options.stdio !== 'inherit') process.exit(128 + constants.signals[ending]);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

// Judges are other people's programs. They are installed outside the repository, at fixed versions, the first time they are needed.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setting } from '#src/config/environment.js';

export const judgesDir = setting('PLUMBLINE_JUDGES_DIR') ?? join(setting('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'plumbline', 'judges');

const pythonPackages = {
  schemathesis: ['schemathesis==4.32.5'],
  clients: ['openapi-python-client==0.29.1', 'openapi-generator-cli==7.26.0', 'mypy==2.4.1', 'httpx==0.28.1', 'attrs', 'python-dateutil', 'types-python-dateutil', 'pydantic', 'urllib3'],
};
// openapi-ts crashes with TypeScript 7.
const nodePackages = ['@hey-api/openapi-ts@0.95.0', 'typescript@5.9.3', '@types/node@20.19.43'];

/** Why a judge cannot be asked. It is told, and is no failure. */
export class CannotJudge extends Error {}

/** Runs a program to its end, however it ends. This process goes on meanwhile: Plumbline runs below it. */
export function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<{ ok: boolean; stdout: string; said: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { ...options, encoding: 'utf8', maxBuffer: 1e9 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, said: `${stdout}${stderr}${error && stderr === '' ? error.message : ''}`.trim() });
    });
  });
}

/** The folder with the programs of a virtual environment. @throws CannotJudge */
export async function pythonPrograms(name: keyof typeof pythonPackages): Promise<string> {
  const dir = join(judgesDir, `python-${name}`);
  await once(dir, pythonPackages[name].join('\n'), async () => {
    const python = setting('PYTHON') ?? 'python3';
    return (await attempt(python, ['-m', 'venv', '--clear', dir])) && attempt(join(dir, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...pythonPackages[name]]);
  });
  return join(dir, 'bin');
}

/** The folder that holds `node_modules`. @throws CannotJudge */
export async function nodePrograms(): Promise<string> {
  const dir = join(judgesDir, 'node');
  await once(dir, nodePackages.join('\n'), () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"private":true,"type":"module"}');
    return attempt('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', dir, ...nodePackages]);
  });
  return dir;
}

/** @throws CannotJudge */
export async function needJava(): Promise<void> {
  if (!(await run('java', ['-version'])).ok) throw new CannotJudge('openapi-generator needs Java 11 or newer, and there is no `java`');
}

async function once(dir: string, wanted: string, install: () => Promise<boolean>): Promise<void> {
  const stamp = join(dir, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`installing into ${dir} ...`);
  mkdirSync(dir, { recursive: true });
  if (!(await install())) throw new CannotJudge(`${wanted.replaceAll('\n', ', ')} could not be installed`);
  writeFileSync(stamp, wanted);
}

async function attempt(command: string, args: string[]): Promise<boolean> {
  const { ok, said } = await run(command, args);
  if (!ok) console.error(`${command} ${args.join(' ')}\n${said}`);
  return ok;
}

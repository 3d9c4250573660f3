// Judges are other people's programs. They are installed outside the repository, at fixed versions, the first time they are needed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const judgesDir = process.env.PLUMBLINE_JUDGES_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'plumbline', 'judges');

const pythonPackages = {
  schemathesis: ['schemathesis==4.32.5'],
  clients: ['openapi-python-client==0.29.1', 'openapi-generator-cli==7.26.0', 'mypy==2.4.1', 'httpx==0.28.1', 'attrs', 'python-dateutil', 'types-python-dateutil', 'pydantic', 'urllib3'],
};
// openapi-ts crashes with TypeScript 7.
const nodePackages = ['@hey-api/openapi-ts@0.95.0', 'typescript@5.9.3', '@types/node@20.19.43'];

/** Why a judge cannot be asked. It is told, and is no failure. */
export class CannotJudge extends Error {}

/** The folder with the programs of a virtual environment. @throws CannotJudge */
export function pythonPrograms(name: keyof typeof pythonPackages): string {
  const dir = join(judgesDir, `python-${name}`);
  once(dir, pythonPackages[name].join('\n'), () => {
    const python = process.env.PYTHON ?? 'python3';
    return attempt(python, ['-m', 'venv', '--clear', dir]) && attempt(join(dir, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...pythonPackages[name]]);
  });
  return join(dir, 'bin');
}

/** The folder that holds `node_modules`. @throws CannotJudge */
export function nodePrograms(): string {
  const dir = join(judgesDir, 'node');
  once(dir, nodePackages.join('\n'), () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"private":true,"type":"module"}');
    return attempt('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', dir, ...nodePackages]);
  });
  return dir;
}

/** @throws CannotJudge */
export function needJava(): void {
  if (spawnSync('java', ['-version']).status !== 0) throw new CannotJudge('openapi-generator needs Java 11 or newer, and there is no `java`');
}

function once(dir: string, wanted: string, install: () => boolean): void {
  const stamp = join(dir, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`installing into ${dir} ...`);
  mkdirSync(dir, { recursive: true });
  if (!install()) throw new CannotJudge(`${wanted.replaceAll('\n', ', ')} could not be installed`);
  writeFileSync(stamp, wanted);
}

function attempt(command: string, args: string[]): boolean {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) console.error(`${command} ${args.join(' ')}\n${done.stderr ?? done.error?.message}`);
  return done.status === 0;
}

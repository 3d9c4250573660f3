// npm run faults -- NAME --rounds N [--only PARTS] [--tasks N] [--report FILE]: kills and breaks a running system of its own, and counts
// what was lost, done twice or never ended. Exit code 1: something promised does not hold; 2: the command was wrong.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Fault } from './fault.js';
import { leases } from './leases.js';
import { mixed } from './mixed.js';
import { brokenPromises } from './report.js';
import { processes } from './processes.js';
import { resume } from './resume.js';
import { stores } from './stores.js';
import { templates } from './templates.js';

const faults: Record<string, Fault> = { leases, mixed, processes, resume, stores, templates };
const usage = `usage: npm run faults -- NAME --rounds N [--only PART,PART] [--tasks N] [--report FILE]; names are ${Object.keys(faults).join(', ')}`;

process.exit(await main());

async function main(): Promise<number> {
  const command = readCommand();
  if (typeof command === 'string') {
    process.stderr.write(`plumbline: ${command}; ${usage}\n`);
    return 2;
  }
  const { name, rounds, only, tasks, file } = command;
  const report = await faults[name]({ rounds, only, tasks, notes: (line) => console.log(`  ${line}`) });
  const text = JSON.stringify(report, null, 2);
  console.log(text);
  if (file !== undefined) writeFileSync(file, `${text}\n`);
  const broken = brokenPromises(report);
  for (const line of broken) process.stderr.write(`plumbline: ${name}: ${line}\n`);
  return broken.length === 0 ? 0 : 1;
}

function readCommand(): { name: string; rounds: number; only?: string[]; tasks?: number; file?: string } | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { rounds: { type: 'string' }, only: { type: 'string' }, tasks: { type: 'string' }, report: { type: 'string' } },
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) return 'exactly one name is needed';
    if (!Object.hasOwn(faults, name)) return `unknown name '${name}'`;
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) return `--rounds must be a whole number from 1, got '${values.rounds ?? ''}'`;
    if (values.tasks !== undefined && name !== 'leases') return `--tasks is for leases; ${name} has none`;
    const tasks = values.tasks === undefined ? undefined : Number(values.tasks);
    if (tasks !== undefined && (!Number.isInteger(tasks) || tasks < 1)) return `--tasks must be a whole number from 1, got '${values.tasks}'`;
    return { name, rounds, only: values.only?.split(','), tasks, file: values.report };
  } catch (error) {
    return (error as Error).message;
  }
}

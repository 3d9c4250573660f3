// npm run bench [-- AREA] [--json FILE] [--markdown] [--docs]: measures the product on this machine.
// Without an area all run but the long one. --markdown prints the section of docs/lab/benchmarks.md, --docs puts
// it there. Exit code 1: something promised does not hold; 2: the command was wrong.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Area } from './area.js';
import { alpacaEval } from './areas/alpacaeval.js';
import { api } from './areas/api.js';
import { engine } from './areas/engine.js';
import { ingest } from './areas/ingest.js';
import { labeling } from './areas/labeling.js';
import { lessWork } from './areas/less-work.js';
import { llm } from './areas/llm.js';
import { pairs } from './areas/pairs.js';
import { quality } from './areas/quality.js';
import { ratings } from './areas/ratings.js';
import { smollm2 } from './areas/smollm2.js';
import { putSection } from './docs-section.js';
import { asMarkdown, asTable, thisMachine, type BenchReport } from './report.js';

const areas: Record<string, Area> = {
  engine,
  'less-work': lessWork,
  llm,
  smollm2,
  ratings,
  ingest,
  pairs,
  api,
  quality,
  labeling,
  alpacaeval: alpacaEval,
};
/** Take many minutes, or need data that is not in the repository. */
const onlyWhenNamed = new Set(['alpacaeval', 'ingest', 'quality', 'labeling', 'llm', 'smollm2']);
/** The engine's figures are those of small steps and of a language model that people use. */
const together: Record<string, string[]> = { engine: ['engine', 'llm'] };
const docs = 'docs/lab/benchmarks.md';

process.exit(await main());

async function main(): Promise<number> {
  const command = readCommand();
  if (typeof command === 'string') {
    process.stderr.write(`plumbline: ${command}\n`);
    return 2;
  }
  const all: BenchReport = { machine: thisMachine(), cases: [] };
  const broken: string[] = [];
  for (const name of command.names) {
    console.log(`\n${name}`);
    const result = await measured(name);
    const report = { machine: all.machine, cases: result.cases };
    all.cases.push(...result.cases);
    broken.push(...result.broken.map((line) => `${name}: ${line}`));
    if (result.cases.length === 0) continue;
    console.log(command.markdown ? `\n${asMarkdown(report)}` : `\n${asTable(report)}`);
    if (command.docs) writeFileSync(docs, putSection(readFileSync(docs, 'utf8'), name, asMarkdown(report)));
  }
  if (command.json) writeFileSync(command.json, `${JSON.stringify(all, null, 2)}\n`);
  for (const line of broken) process.stderr.write(`plumbline: ${line}\n`);
  return broken.length === 0 ? 0 : 1;
}

/** A measurement that fails is a broken promise of its area, and the other areas still run. */
async function measured(name: string): ReturnType<Area> {
  try {
    return await areas[name]((line) => console.log(`  ${line}`));
  } catch (error) {
    return { cases: [], broken: [String((error as Error).stack ?? error)] };
  }
}

function readCommand(): { names: string[]; json?: string; markdown: boolean; docs: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { json: { type: 'string' }, markdown: { type: 'boolean' }, docs: { type: 'boolean' } },
    });
    const unknown = positionals.find((name) => !Object.hasOwn(areas, name));
    if (unknown !== undefined) return `unknown area '${unknown}', known are ${Object.keys(areas).join(', ')}`;
    const named = [...new Set(positionals.flatMap((name) => together[name] ?? [name]))];
    const names = named.length > 0 ? named : Object.keys(areas).filter((name) => !onlyWhenNamed.has(name));
    return { names, json: values.json, markdown: values.markdown ?? false, docs: values.docs ?? false };
  } catch (error) {
    return `${(error as Error).message}; usage: npm run bench -- [AREA] [--json FILE] [--markdown] [--docs]`;
  }
}

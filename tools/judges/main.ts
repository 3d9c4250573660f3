// npm run judges -- [schemathesis|python|typescript ...] [--minutes N]: other people's programs on the document and on a
// live Plumbline. What cannot be had here is told and skipped.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openSession } from '../../scripts/quickstart/session.js';
import { uploadStarterPolicy } from '../../scripts/quickstart/stages.js';
import { withSystem } from '../../scripts/system/temporary-system.js';
import { judgePython, judgeTypescript } from './clients.js';
import { CannotJudge } from './equipment.js';
import { judgeBySchemathesis } from './schemathesis.js';

export interface Bench {
  url: string;
  adminKey: string;
  policyVersionId: string;
  /** For judges whose work has no end of its own. */
  minutes: number;
}

/** @returns what was found wrong */
type Judge = (bench: Bench) => Promise<string[]>;

const judges: Record<string, Judge> = { python: judgePython, typescript: judgeTypescript, schemathesis: judgeBySchemathesis };

const { positionals, values } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string', default: '4' } } });
const strangers = positionals.filter((name) => !Object.hasOwn(judges, name));
if (strangers.length > 0 || !(Number(values.minutes) > 0) || !existsSync('openapi.json')) {
  console.error(`plumbline: known judges are ${Object.keys(judges).join(', ')}; --minutes takes a number above 0`);
  process.exit(2);
}

const verdicts = await withSystem({ workers: 1, env: { RATE_LIMIT_PER_MINUTE: '10000000' } }, async ({ url, adminKey }) => {
  const { id } = await uploadStarterPolicy(await openSession(url, adminKey, 'judges'));
  const bench = { url, adminKey, policyVersionId: id, minutes: Number(values.minutes) };
  const told: { name: string; verdict: 'ok' | 'FAIL' | 'SKIPPED'; seconds: number; lines: string[] }[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(judges)) {
    console.log(`== ${name}`);
    const started = Date.now();
    const tell = (verdict: 'ok' | 'FAIL' | 'SKIPPED', lines: string[]) => told.push({ name, verdict, seconds: (Date.now() - started) / 1000, lines });
    try {
      const faults = await judges[name](bench);
      tell(faults.length === 0 ? 'ok' : 'FAIL', faults);
    } catch (error) {
      if (!(error instanceof CannotJudge)) throw error;
      tell('SKIPPED', [error.message]);
    }
  }
  return told;
});
for (const { name, verdict, seconds, lines } of verdicts) console.log([`${verdict.padEnd(7)} ${name} (${seconds.toFixed(0)} s)`, ...lines].join('\n  '));
process.exit(verdicts.some(({ verdict }) => verdict === 'FAIL') ? 1 : 0);

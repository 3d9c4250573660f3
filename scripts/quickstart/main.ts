// npm run quickstart [-- --exit] [--report FILE]: everything up, the loop once, a table, then serve on.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setting } from '#src/config/environment.js';
import { run, UsageError } from '#src/process/process.js';
import { table } from '../terminal/table.js';
import { runLoop } from './loop.js';
import { brokenPromises, type QuickstartReport } from './report.js';
import { withPlumbline } from './served.js';
import { openSession, type Session } from './session.js';
import { quickstartSettings } from './settings.js';
import { percent } from './stages.js';

await run(async () => {
  const options = readOptions();
  await withPlumbline({ name: 'quickstart', exit: options.exit }, async (baseUrl, adminKey) => {
    const report = await quickstart(baseUrl, adminKey);
    if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
    return brokenPromises(report);
  });
});

async function quickstart(baseUrl: string, adminKey: string): Promise<QuickstartReport> {
  const session = await openSession(baseUrl, adminKey, new Date().toISOString().slice(0, 19));
  const outcome = await runLoop(session, quickstartSettings);
  const startedAt = Number(setting('PLUMBLINE_STARTED_AT') ?? Date.now() - performance.now());
  const report = { ...outcome, totalSeconds: Math.round((Date.now() - startedAt) / 100) / 10 };
  printSummary(session, report);
  return report;
}

function printSummary(session: Session, report: QuickstartReport): void {
  const rows = session.rows.map((row) => [row.name, String(row.count), `${row.seconds.toFixed(1)} s`, row.figure, row.url]);
  const share = (value: number | null) => (value === null ? 'unknown' : percent(value));
  const { nulls, accuracy, evalPairs } = report.rewardModel;
  console.log(`\n${table(['stage', 'count', 'time', 'key figure', 'URL'], rows)}\n`);
  console.log(
    `Reward model on ${evalPairs} pairs of unseen prompts: ${share(accuracy)}. Beside it, without reading: longest wins ` +
      `${share(nulls.longest)}, shortest ${share(nulls.shortest)}, first shown ${share(nulls.first)}, labeler majority ${share(nulls.majority)}.`,
  );
  console.log(`The labelers were simulated (scripts/simulated/labelers.ts). Total: ${report.totalSeconds} s, installation included.`);
}

function readOptions(): { exit: boolean; report?: string } {
  try {
    const { values } = parseArgs({ options: { exit: { type: 'boolean' }, report: { type: 'string' } } });
    return { exit: values.exit ?? false, report: values.report && resolve(values.report) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; known are --exit and --report FILE`);
  }
}

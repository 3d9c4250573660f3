// npm run quickstart [-- --exit] [--report FILE]: everything up, the loop once, a table, then serve on.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError } from '#src/config/config.js';
import { run } from '#src/process/process.js';
import { table, wrap } from '../terminal/table.js';
import { runLoop } from './loop.js';
import { brokenPromises, type QuickstartReport } from './report.js';
import { withPlumbline } from './served.js';
import { openSession, type Session } from './session.js';
import { quickstartSettings } from './settings.js';
import { share } from './stages.js';

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
  const startedAt = Number(process.env.PLUMBLINE_STARTED_AT ?? Date.now() - performance.now());
  const report = { ...outcome, totalSeconds: Math.round((Date.now() - startedAt) / 100) / 10 };
  printSummary(session, report);
  return report;
}

/** Of the whole summary, so that it fits a terminal. */
const width = 100;

function printSummary({ baseUrl, rows }: Session, report: QuickstartReport): void {
  const cells = rows.map(({ name, count, seconds, figure }) => [name, String(count), `${seconds.toFixed(1)} s`, figure]);
  console.log(`\n${table(['stage', 'count', 'time', 'key figure'], cells, width)}\n`);
  console.log(`Open the results at ${baseUrl}`);
  for (const { name, url } of rows) console.log(`  ${name.padEnd(14)} ${url.slice(baseUrl.length)}`);
  for (const line of notes(report)) console.log(`\n${wrap(line, width).join('\n')}`);
}

function notes({ rewardModel: { nulls, evalPairs }, totalSeconds }: QuickstartReport): string[] {
  return [
    `Rules that read nothing would get right, of the reward model's ${evalPairs} pairs: the longer text ${share(nulls.longest)}, the shorter ` +
      `${share(nulls.shortest)}, the one shown first ${share(nulls.first)}. The labelers' own majority gets ${share(nulls.majority)}: the most there is to get.`,
    'Intervals are 95%. The labelers were simulated (scripts/simulated/labelers.ts): no person has judged this.',
    `Total: ${totalSeconds} s, installation included.`,
  ];
}

function readOptions(): { exit: boolean; report?: string } {
  try {
    const { values } = parseArgs({ options: { exit: { type: 'boolean' }, report: { type: 'string' } } });
    return { exit: values.exit ?? false, report: values.report && resolve(values.report) };
  } catch (error) {
    throw new ConfigError([`${(error as Error).message}; known are --exit and --report FILE`]);
  }
}

// npm run quickstart [-- --exit] [--report FILE]: everything up, the loop once, a table, then serve on.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setting } from '#src/config/environment.js';
import { run, UsageError } from '#src/process/process.js';
import { runLoop } from './loop.js';
import { brokenPromises, type QuickstartReport } from './report.js';
import { withPlumbline } from './served.js';
import { openSession } from './session.js';
import { quickstartSettings } from './settings.js';
import { summary } from './summary.js';

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
  console.log(`\n${summary(session, report)}`);
  return report;
}

function readOptions(): { exit: boolean; report?: string } {
  try {
    const { values } = parseArgs({ options: { exit: { type: 'boolean' }, report: { type: 'string' } } });
    return { exit: values.exit ?? false, report: values.report && resolve(values.report) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; known are --exit and --report FILE`);
  }
}

// npm run quickstart [-- --exit] [--report FILE]: everything up, the loop once, a table, then serve on.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '#src/config/config.js';
import { run } from '#src/process/process.js';
import { startPlumbline } from '#src/process/supervisor.js';
import { table } from '../terminal/table.js';
import { runLoop } from './loop.js';
import { brokenPromises, type QuickstartReport } from './report.js';
import { openSession, type Session } from './session.js';
import { quickstartSettings } from './settings.js';
import { percent } from './stages.js';

await run(async () => {
  const options = readOptions();
  const config = readConfig();
  mkdirSync(config.dataDir, { recursive: true });
  const adminKey = config.adminKey ?? keptAdminKey(config.dataDir);
  const logFile = join(config.dataDir, 'quickstart.log');
  const plumbline = await startPlumbline({
    api: true,
    workers: [[]],
    env: { PLUMBLINE_ADMIN_KEY: adminKey, LOG_FORMAT: 'json', PORT: process.env.PORT ?? String(await usualPort(config.port)) },
    output: openSync(logFile, 'a'),
  });
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(130));
  });
  try {
    console.log(`Plumbline serves at ${plumbline.url}; logs go to ${logFile}\n`);
    const loop = quickstart(plumbline.url!, adminKey).then((report) => {
      if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
      return brokenPromises(report);
    });
    const outcome = await Promise.race([loop, interrupted, plumbline.ended]);
    if (typeof outcome === 'number') return finish(outcome);
    for (const line of outcome) console.error(`plumbline: ${line}`);
    if (options.exit) return finish(outcome.length === 0 ? 0 : 1);
    console.log(`\nAdmin key (also in ${join(config.dataDir, 'quickstart-key')}): ${adminKey}`);
    console.log(`API reference: ${plumbline.url}/docs — still serving, Ctrl-C ends it.`);
    await finish((await Promise.race([interrupted, plumbline.ended])) === 130 ? 0 : 1);
  } catch (error) {
    await plumbline.stop();
    throw error;
  }

  async function finish(code: number): Promise<void> {
    await plumbline.stop();
    process.exit(code);
  }
});

async function quickstart(baseUrl: string, adminKey: string): Promise<QuickstartReport> {
  const session = await openSession(baseUrl, adminKey, new Date().toISOString().slice(0, 19));
  const outcome = await runLoop(session, quickstartSettings);
  const startedAt = Number(process.env.PLUMBLINE_STARTED_AT ?? Date.now() - performance.now());
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
    throw new ConfigError([`${(error as Error).message}; known are --exit and --report FILE`]);
  }
}

/** Kept beside the data, so that a later start and `npm run ingest` can use it. */
function keptAdminKey(dataDir: string): string {
  const file = join(dataDir, 'quickstart-key');
  if (!existsSync(file)) writeFileSync(file, `plk_${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** The usual port when it is free, any other when it is not. */
function usualPort(port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}

// npm run loop:demo -- [--iterations N] [--people] [--serve] [--report FILE]: several times round on the starter policy,
// with simulated labelers, or with people who are waited for.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run, UsageError } from '#src/process/process.js';
import { withPlumbline } from '../quickstart/served.js';
import { openSession, type Session } from '../quickstart/session.js';
import { loadPrompts, prepareCriterion, uploadStarterPolicy } from '../quickstart/stages.js';
import { SIMULATED_LABELERS } from '../simulated/labelers.js';
import { people, simulatedJudges } from './judges.js';
import { brokenPromises, type LoopDemoReport } from './report.js';
import { runLoop } from './run.js';
import { loopDemoSettings, peopleSettings } from './settings.js';
import { summary } from './summary.js';

interface Options {
  iterations: number;
  people: boolean;
  serve: boolean;
  report?: string;
}

await run(async () => {
  const options = readOptions();
  await withPlumbline({ name: 'loop-demo', exit: !options.serve }, async (baseUrl, adminKey) => {
    const started = Date.now();
    const session = await openSession(baseUrl, adminKey, `demo ${new Date().toISOString().slice(0, 19)}`);
    const outcome = await demonstrate(session, options);
    const report: LoopDemoReport = { ...outcome, totalSeconds: Math.round((Date.now() - started) / 1000) };
    if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`\n${summary(report)}`);
    return brokenPromises(report, options.iterations);
  });
});

async function demonstrate(session: Session, { people: byPeople, iterations }: Options): Promise<Omit<LoopDemoReport, 'totalSeconds'>> {
  const settings = byPeople ? peopleSettings : loopDemoSettings;
  const prompts = await loadPrompts(session, settings);
  const policy = await uploadStarterPolicy(session);
  const criterionVersionId = await prepareCriterion(session);
  const judges = byPeople
    ? people(session, criterionVersionId, await vendorOf(session))
    : simulatedJudges(session, settings, SIMULATED_LABELERS.length);
  return runLoop(session, settings, judges, { prompts, firstVersionId: policy.id, criterionVersionId, iterations });
}

async function vendorOf({ owner, run: name }: Session): Promise<string> {
  return (await owner.ok(owner.http.POST('/v1/vendors', { body: { name: `people of the ${name}` } }))).id;
}

function readOptions(): Options {
  const known = 'known are --iterations N, --people, --serve and --report FILE';
  try {
    const { values } = parseArgs({
      options: { iterations: { type: 'string' }, people: { type: 'boolean' }, serve: { type: 'boolean' }, report: { type: 'string' } },
    });
    const iterations = Number(values.iterations ?? 3);
    if (!Number.isInteger(iterations) || iterations < 1 || iterations > 100) throw new Error('--iterations is a number from 1 to 100');
    return { iterations, people: values.people ?? false, serve: values.serve ?? false, report: values.report && resolve(values.report) };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; ${known}`);
  }
}

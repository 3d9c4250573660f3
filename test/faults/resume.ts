// npm run faults -- resume: workers die by kill -9 at random steps of each way of training; another one takes the run up,
// and its weights must be those of a run that nobody disturbed, to the bit.
import { Client } from 'pg';
import { withSystem } from '../../scripts/system/temporary-system.js';
import type { Drill, FaultReport } from './fault.js';
import { unprovenBy } from './report.js';
import { ResumeDrill, type SubjectReport } from './resume/drill.js';

/** Its parts are the ways of training. */
export function resume({ rounds, notes, only }: Drill): Promise<FaultReport> {
  return withSystem({ workers: 0, env: { JOB_LEASE_SECONDS: '4', COMPUTE_THREADS: '1', SAVE_EVERY_SECONDS: '0' } }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    const drill = new ResumeDrill(system, database);
    try {
      const reports: Record<string, SubjectReport> = {};
      for (const subject of await drill.prepare(only)) {
        const report = await drill.run(subject, rounds);
        reports[subject.name] = report;
        const { kills, different, killedAfter, resumedAfter } = report;
        notes(`${subject.name}: ${kills} kills after steps ${killedAfter.join(' ')}; went on after ${resumedAfter.join(' ')}; ${different} of ${rounds} results differ`);
      }
      return summary(rounds, reports);
    } finally {
      await drill.end();
      await database.end();
    }
  });
}

function summary(rounds: number, methods: Record<string, SubjectReport>): FaultReport {
  const total = (of: (report: SubjectReport) => number): number => Object.values(methods).reduce((sum, report) => sum + of(report), 0);
  return {
    rounds,
    lost: total(({ lost }) => lost),
    doubled: total(({ doubled }) => doubled),
    stuck: total(({ stuck }) => stuck),
    hashesEqual: total(({ different }) => different) === 0,
    kills: total(({ kills }) => kills),
    resumed: total(({ resumedAfter }) => resumedAfter.length),
    unproven: Object.entries(methods).flatMap(([name, { kills, resumedAfter }]) => unprovenBy(name, { rounds, kills, resumed: resumedAfter.length })),
    methods,
  };
}

// npm run faults -- resume: workers die by kill -9 at random steps of each way of training; another one takes the run up,
// and its weights must be those of a run that nobody disturbed, to the bit.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Rng } from '#src/common/rng.js';
import { terminal, type JobState } from '#src/jobs/job-state.js';
import { withSystem, type TemporarySystem } from '../system/temporary-system.js';
import type { Drill, FaultReport } from './fault.js';
import { KillableWorker } from './killable-worker.js';
import { makeMaterial } from './resume/material.js';
import { policySubjects, rewardSubject, type Started, type Subject } from './resume/subjects.js';

export interface SubjectReport {
  rounds: number;
  kills: number;
  lost: number;
  doubled: number;
  stuck: number;
  /** Rounds whose weights differ from those of the undisturbed run. */
  different: number;
  /** Steps after which workers were killed. */
  killedAt: number[];
  sha256: string;
}

/** Long beside a run that is disturbed twice on a slow machine. */
const patienceMs = 180_000;
const queues = ['reward-training', 'fine-tuning', 'pair-building'];

export function resume({ rounds, notes }: Drill): Promise<FaultReport> {
  return withSystem({ workers: 0, env: { JOB_LEASE_SECONDS: '3', COMPUTE_THREADS: '1' } }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    const drill = new ResumeDrill(system, database);
    try {
      const subjects = await drill.prepare();
      const reports: Record<string, SubjectReport> = {};
      for (const subject of subjects) {
        reports[subject.name] = await drill.run(subject, rounds);
        const { kills, different, killedAt } = reports[subject.name];
        notes(`${subject.name}: ${kills} kills in ${rounds} rounds after steps ${killedAt.join(' ')}, ${different} results differ`);
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
    methods,
  };
}

class ResumeDrill {
  private worker: KillableWorker | undefined;
  private started = 0;

  constructor(
    private readonly system: TemporarySystem,
    private readonly database: Client,
  ) {}

  async prepare(): Promise<Subject[]> {
    const { client } = this.system;
    this.worker = await KillableWorker.start(this.system, queues);
    const material = await makeMaterial(client);
    const reward = rewardSubject(client, material);
    const { id, jobId } = await reward.start(this.started++);
    await client.waitForJob(jobId);
    return [reward, ...policySubjects(client, material, id)];
  }

  async run(subject: Subject, rounds: number): Promise<SubjectReport> {
    const undisturbed = await subject.start(this.started++);
    await this.system.client.waitForJob(undisturbed.jobId);
    const sha256 = (await subject.weights(undisturbed.id))!;
    const report: SubjectReport = { rounds, kills: 0, lost: 0, doubled: 0, stuck: 0, different: 0, killedAt: [], sha256 };
    for (let round = 0; round < rounds; round++) await this.round(subject, Rng.from(`${subject.name}/${round}`), report);
    return report;
  }

  async end(): Promise<void> {
    await this.worker?.stop();
  }

  /** One training, killed once or twice. */
  private async round(subject: Subject, rng: Rng, report: SubjectReport): Promise<void> {
    const started = await subject.start(this.started++);
    const first = rng.int(subject.steps);
    const second = rng.int(subject.steps);
    // The second worker is killed too when that comes later in the run.
    for (const step of second > first ? [first, second] : [first]) {
      if (!(await this.reached(started, step))) break;
      await sleep(rng.int(50));
      await this.worker!.kill();
      report.kills++;
      report.killedAt.push(step);
      this.worker = await KillableWorker.start(this.system, queues);
    }
    const state = await this.ended(started);
    if (state === undefined) report.stuck++;
    else if (state !== 'succeeded') report.lost++;
    else await this.compare(subject, started, report);
  }

  private async compare(subject: Subject, { id }: Started, report: SubjectReport): Promise<void> {
    const weights = await subject.weights(id);
    if (weights === null) report.lost++;
    else if (weights !== report.sha256) report.different++;
    const { rows } = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM lineage_edges
       WHERE parent_type = 'training_run' AND parent_id = $1 AND child_type = 'policy_version'`,
      [id],
    );
    if (rows[0].count > 1) report.doubled++;
  }

  /** Waits until the job runs and has done so many steps; false when it ended before. */
  private async reached({ jobId }: Started, step: number): Promise<boolean> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const { state, done } = await this.look(jobId);
      if (terminal(state)) return false;
      if (state === 'running' && done >= step) return true;
      await sleep(5);
    }
    return false;
  }

  /** The state in which the job ended; undefined when it did not. */
  private async ended({ jobId }: Started): Promise<JobState | undefined> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const { state } = await this.look(jobId);
      if (terminal(state)) return state;
      await sleep(50);
    }
    return undefined;
  }

  private async look(jobId: string): Promise<{ state: JobState; done: number }> {
    const { rows } = await this.database.query<{ state: JobState; done: number }>(
      'SELECT state, (SELECT coalesce(max(step), 0) FROM job_metrics WHERE job_id = $1)::int AS done FROM jobs WHERE id = $1',
      [jobId],
    );
    return rows[0];
  }
}

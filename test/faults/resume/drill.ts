import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Rng } from '#src/common/rng.js';
import { terminal, type JobState } from '#src/jobs/job-state.js';
import type { TemporarySystem } from '../../../scripts/system/temporary-system.js';
import { KillableWorkers } from '../killable-workers.js';
import { makeMaterial } from './material.js';
import { pairSubjects, rewardSubject, rolloutMethods, rolloutSubjects, type Started, type Subject } from './subjects.js';

export interface SubjectReport {
  rounds: number;
  kills: number;
  lost: number;
  doubled: number;
  stuck: number;
  /** Rounds whose weights differ from those of the undisturbed run. */
  different: number;
  /** Steps after which workers were killed. */
  killedAfter: number[];
  /** Steps from whose saves others went on; fewer than kills where a worker died before its first save. */
  resumedAfter: number[];
  /** Why those that were lost failed. */
  errors: string[];
  /** Size of the weights in bytes. */
  sha256: string;
}

interface Look {
  state: JobState;
  done: number;
  /** Of the worker that has the job. */
  pid: number | undefined;
}

/** Long beside a run that is disturbed twice on a slow machine. */
const patienceMs = 180_000;
/** Trainings of a round until one is killed; each is aimed at earlier than the one before. */
const attempts = 5;
const queues = ['reward-training', 'fine-tuning', 'pair-building'];

export class ResumeDrill {
  private readonly workers: KillableWorkers;
  private started = 0;

  constructor(
    private readonly system: TemporarySystem,
    private readonly database: Client,
  ) {
    this.workers = new KillableWorkers(system, queues);
  }

  /** @param only names of subjects; all when left out */
  async prepare(only?: readonly string[]): Promise<Subject[]> {
    const { client } = this.system;
    await this.workers.start(2);
    const material = await makeMaterial(client);
    const wanted = ({ name }: { name: string }): boolean => !only || only.includes(name);
    const reward = rewardSubject(client, material);
    const subjects = [reward, ...pairSubjects(client, material)].filter(wanted);
    if (!rolloutMethods.some((name) => wanted({ name }))) return subjects;
    const { id, jobId } = await reward.start(this.started++);
    await client.waitForJob(jobId);
    return [...subjects, ...rolloutSubjects(client, material, id).filter(wanted)];
  }

  async run(subject: Subject, rounds: number): Promise<SubjectReport> {
    const undisturbed = await subject.start(this.started++);
    await this.system.client.waitForJob(undisturbed.jobId);
    const sha256 = (await subject.weights(undisturbed.id))!;
    const counts = { kills: 0, lost: 0, doubled: 0, stuck: 0, different: 0 };
    const report: SubjectReport = { rounds, ...counts, killedAfter: [], resumedAfter: [], errors: [], sha256 };
    for (let round = 0; round < rounds; round++) {
      // A training may be over before anybody is killed; such a round shows nothing.
      for (let attempt = 0, kills = report.kills; attempt < attempts && report.kills === kills; attempt++) {
        await this.round(subject, Math.ceil(subject.steps / 2 ** attempt), Rng.from(`${subject.name}/${round}/${attempt}`), report);
      }
    }
    return report;
  }

  async end(): Promise<void> {
    await this.workers.stop();
  }

  /** One training, killed after one of its first `within` steps, or twice where the second step drawn comes later. */
  private async round(subject: Subject, within: number, rng: Rng, report: SubjectReport): Promise<void> {
    const started = await subject.start(this.started++);
    const [first, second] = [rng.int(within), rng.int(within)];
    for (const step of second > first ? [first, second] : [first]) {
      const pid = await this.reached(started, step, rng.int(50));
      if (pid === undefined) break;
      await this.workers.kill(pid);
      // With the last step done there was nothing left to break off.
      if (terminal((await this.look(started.jobId)).state)) break;
      report.kills++;
      report.killedAfter.push(step);
    }
    const state = await this.ended(started);
    if (state === undefined) report.stuck++;
    else if (state !== 'succeeded') {
      report.lost++;
      report.errors.push(await this.errorOf(started));
    } else await this.compare(subject, started, report);
  }

  private async compare(subject: Subject, { id, jobId }: Started, report: SubjectReport): Promise<void> {
    const weights = await subject.weights(id);
    if (weights === null) report.lost++;
    else if (weights !== report.sha256) report.different++;
    const { rows: results } = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM lineage_edges
       WHERE parent_type = 'training_run' AND parent_id = $1 AND child_type = 'policy_version'`,
      [id],
    );
    if (results[0].count > 1) report.doubled++;
    const { rows: lines } = await this.database.query<{ step: number }>(
      `SELECT substring(message FROM 'continues after step (\\d+)')::int AS step FROM job_logs
       WHERE job_id = $1 AND message LIKE '%continues after step %' ORDER BY id`,
      [jobId],
    );
    report.resumedAfter.push(...lines.map(({ step }) => step));
  }

  private async errorOf({ jobId }: Started): Promise<string> {
    const { rows } = await this.database.query<{ error: unknown; attempt: number }>('SELECT error, attempt FROM jobs WHERE id = $1', [jobId]);
    return `after ${rows[0].attempt} attempts: ${JSON.stringify(rows[0].error)}`;
  }

  /** The worker that has done so many steps of the job, and some milliseconds more; undefined when the job ended before. */
  private async reached({ jobId }: Started, step: number, furtherMs: number): Promise<number | undefined> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const { state, done, pid } = await this.look(jobId);
      if (terminal(state)) return undefined;
      // The dead keep their lease for a while.
      if (state === 'running' && done >= step && pid !== undefined && this.workers.has(pid)) {
        await sleep(furtherMs);
        return pid;
      }
      await sleep(5);
    }
    return undefined;
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

  private async look(jobId: string): Promise<Look> {
    const { rows } = await this.database.query<Omit<Look, 'pid'> & { leaseOwner: string | null }>(
      `SELECT state, lease_owner AS "leaseOwner",
         (SELECT coalesce(max(step), 0) FROM job_metrics WHERE job_id = $1)::int AS done
       FROM jobs WHERE id = $1`,
      [jobId],
    );
    const [{ leaseOwner, ...look }] = rows;
    return { ...look, pid: leaseOwner === null ? undefined : Number(leaseOwner.split('/')[1]) };
  }
}

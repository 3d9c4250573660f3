import { setTimeout as sleep } from 'node:timers/promises';
import { Rng } from '#src/common/rng.js';
import type { KeepAliveClient } from '../../../bench/system/keep-alive.js';
import type { ClaimersReport, ClaimersTask } from './messages.js';

interface Task {
  id: string;
  completions: { id: string }[];
}

/** One labeler at work. Some of what it leases it skips, gives back, or forgets until the lease is over. */
export class Claimer {
  private readonly rng: Rng;
  private due = performance.now();

  constructor(
    private readonly labeler: string,
    private readonly task: ClaimersTask,
    private readonly client: KeepAliveClient,
    /** What is pushed into `now` is told; a new one takes its place then. */
    private readonly report: { now: ClaimersReport },
  ) {
    this.rng = Rng.from(`${this.task.seed}/${labeler}`);
    this.due += this.rng.next() * this.task.pauseMs;
  }

  async work(): Promise<void> {
    while (await this.claimAndAnswer());
  }

  /** False when the batch is over. */
  private async claimAndAnswer(): Promise<boolean> {
    const body = { labelerExternalId: this.labeler, k: this.task.k, ttlSeconds: this.task.ttlSeconds };
    const answer = await this.send(`/v1/labeling-batches/${this.task.batchId}/tasks/claim`, body, 'claimMs');
    if (answer.status === 409) return false;
    if (answer.status !== 200) return this.complain('claim', answer);
    const { tasks } = JSON.parse(answer.text) as { tasks: Task[] };
    this.report.now.claimed.push(...tasks.map(({ id }) => id));
    if (tasks.length === 0) await sleep(500);
    for (const leased of tasks) await this.answer(leased);
    return true;
  }

  private async answer({ id, completions }: Task): Promise<void> {
    const roll = this.rng.next();
    if (roll < 0.01) this.report.now.forgotten++;
    else if (roll < 0.02) this.check(await this.send(`/v1/tasks/${id}/skip`, { reason: 'drill' }));
    else if (roll < 0.03) this.check(await this.send(`/v1/tasks/${id}/release`, {}));
    else {
      if (roll < 0.05) this.check(await this.send(`/v1/tasks/${id}/heartbeat`, { ttlSeconds: this.task.ttlSeconds }));
      const scores = completions.map((completion) => ({ completionId: completion.id, score: 1 + this.rng.int(5) }));
      const answer = await this.send(`/v1/tasks/${id}/submit`, { scores }, 'submitMs');
      if (answer.status === 200) this.report.now.accepted.push(id);
      this.check(answer);
    }
  }

  private check(answer: { status: number; text: string }): void {
    if (answer.status === 409) this.report.now.late++;
    else if (answer.status !== 200) this.complain('task', answer);
  }

  private complain(what: string, { status, text }: { status: number; text: string }): true {
    this.report.now.unexpected.push(`${what}: ${status} ${text.slice(0, 200)}`);
    return true;
  }

  /** One request when it is due: labelers think between them, and a slow answer does not make them faster afterwards. */
  private async send(path: string, body: object, timings?: 'claimMs' | 'submitMs'): Promise<{ status: number; text: string }> {
    const early = this.due - performance.now();
    if (early > 0) await sleep(early);
    const started = performance.now();
    const answer = await this.client.send('POST', path, JSON.stringify(body));
    if (timings) this.report.now[timings].push(performance.now() - started);
    this.due = Math.max(this.due + this.task.pauseMs, performance.now());
    return answer;
  }
}

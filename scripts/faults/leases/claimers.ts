// A client of the drill `leases`: one process of several labelers, which claim and answer tasks over HTTP until the batch
// is over, or until the process is killed. Some of what they lease they skip, give back, or forget.
import { setTimeout as sleep } from 'node:timers/promises';
import { Rng } from '#src/common/rng.js';
import { KeepAliveClient } from '../../bench/system/keep-alive.js';
import type { ClaimersReport, ClaimersTask } from './messages.js';

interface Task {
  id: string;
  completions: { id: string }[];
}

const task = JSON.parse(process.argv[2]) as ClaimersTask;
const client = new KeepAliveClient({ url: task.url, authorization: `Bearer ${task.adminKey}` }, task.labelers.length);
let report = emptyReport();

process.on('disconnect', () => process.exit(1));
const timer = setInterval(tell, 250);
await Promise.all(task.labelers.map((labeler) => new Claimer(labeler).work()));
clearInterval(timer);
tell();
process.disconnect();

function tell(): void {
  process.send!(report);
  report = emptyReport();
}

function emptyReport(): ClaimersReport {
  return { claimMs: [], submitMs: [], claimed: [], accepted: [], late: 0, forgotten: 0, unexpected: [] };
}

class Claimer {
  private readonly rng: Rng;
  private due = performance.now();

  constructor(private readonly labeler: string) {
    this.rng = Rng.from(`${task.seed}/${labeler}`);
    this.due += this.rng.next() * task.pauseMs;
  }

  async work(): Promise<void> {
    while (await this.claimAndAnswer());
  }

  /** False when the batch is over. */
  private async claimAndAnswer(): Promise<boolean> {
    const body = { labelerExternalId: this.labeler, k: task.k, ttlSeconds: task.ttlSeconds };
    const answer = await this.send(`/v1/labeling-batches/${task.batchId}/tasks/claim`, body, 'claimMs');
    if (answer.status === 409) return false;
    if (answer.status !== 200) return this.complain('claim', answer);
    const { tasks } = JSON.parse(answer.text) as { tasks: Task[] };
    report.claimed.push(...tasks.map(({ id }) => id));
    if (tasks.length === 0) await sleep(500);
    for (const leased of tasks) await this.answer(leased);
    return true;
  }

  private async answer({ id, completions }: Task): Promise<void> {
    const roll = this.rng.next();
    if (roll < 0.01) report.forgotten++;
    else if (roll < 0.02) this.check(await this.send(`/v1/tasks/${id}/skip`, { reason: 'drill' }));
    else if (roll < 0.03) this.check(await this.send(`/v1/tasks/${id}/release`, {}));
    else {
      if (roll < 0.05) this.check(await this.send(`/v1/tasks/${id}/heartbeat`, { ttlSeconds: task.ttlSeconds }));
      const scores = completions.map((completion) => ({ completionId: completion.id, score: 1 + this.rng.int(5) }));
      const answer = await this.send(`/v1/tasks/${id}/submit`, { scores }, 'submitMs');
      if (answer.status === 200) report.accepted.push(id);
      this.check(answer);
    }
  }

  private check(answer: { status: number; text: string }): void {
    if (answer.status === 409) report.late++;
    else if (answer.status !== 200) this.complain('task', answer);
  }

  private complain(what: string, { status, text }: { status: number; text: string }): true {
    report.unexpected.push(`${what}: ${status} ${text.slice(0, 200)}`);
    return true;
  }

  /** One request when it is due: labelers think between them, and a slow answer does not make them faster afterwards. */
  private async send(path: string, body: object, timings?: 'claimMs' | 'submitMs'): Promise<{ status: number; text: string }> {
    const early = this.due - performance.now();
    if (early > 0) await sleep(early);
    const started = performance.now();
    const answer = await client.send('POST', path, JSON.stringify(body));
    if (timings) report[timings].push(performance.now() - started);
    this.due = Math.max(this.due + task.pauseMs, performance.now());
    return answer;
  }
}

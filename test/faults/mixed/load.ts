// What clients do while parts are killed: ratings one by one and in bulk, labelers at work, jobs, all with an Idempotency-Key
// and repeated until answered. Everything that was accepted is written down, to be looked for afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Courier } from './courier.js';

export interface Target {
  policyVersionId: string;
  promptSetId: string;
  prompts: number;
  criterionVersionId: string;
  labelingBatchId: string;
  completionIds: string[];
  labelers: string[];
}

export interface Accepted {
  /** The rationale that each accepted rating carries. */
  ratings: string[];
  /** Of requests that were sent; those not accepted may have landed or not, but not twice. */
  sentRatings: number;
  /** Tasks that were leased, and those whose answer was taken. */
  claimed: string[];
  answered: string[];
  pairSets: { id: string; jobId: string }[];
  completionBatches: { id: string; jobId: string }[];
}

const bulkLines = 50;
const answersPerPrompt = 2;

export class Load {
  readonly accepted: Accepted = { ratings: [], sentRatings: 0, claimed: [], answered: [], pairSets: [], completionBatches: [] };
  private stopping = false;
  private readonly running: Promise<void>[];

  constructor(
    private readonly courier: Courier,
    private readonly target: Target,
    private readonly run: string,
  ) {
    this.running = [
      this.repeat((n) => this.rate(n), 40),
      this.repeat((n) => this.rateInBulk(n), 400),
      ...target.labelers.map((labeler) => this.repeat((n) => this.label(labeler, n), 200)),
      this.repeat((n) => this.build(n), 1_000),
      this.repeat((n) => this.complete(n), 1_500),
    ];
  }

  /** Resolves when every request that was begun has its answer. */
  async end(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.running);
  }

  private async repeat(work: (n: number) => Promise<void>, pauseMs: number): Promise<void> {
    for (let n = 0; !this.stopping; n++) {
      await work(n);
      await sleep(pauseMs);
    }
  }

  /** Every second one has an external id; the others are told apart by their key alone. */
  private rating(mark: string, n: number): object {
    const { completionIds, labelers, criterionVersionId } = this.target;
    return {
      completionId: completionIds[n % completionIds.length],
      criterionVersionId,
      labelerExternalId: labelers[n % labelers.length],
      score: 1 + (n % 3),
      rationale: mark,
      ...(n % 2 === 0 && { externalId: mark }),
    };
  }

  private async rate(n: number): Promise<void> {
    const mark = `${this.run}/one/${n}`;
    this.accepted.sentRatings++;
    const answer = await this.courier.post('/v1/ratings', this.rating(mark, n), mark);
    if (answer && answer.status < 300) this.accepted.ratings.push(mark);
  }

  private async rateInBulk(n: number): Promise<void> {
    const marks = Array.from({ length: bulkLines }, (_, i) => `${this.run}/bulk/${n}/${i}`);
    this.accepted.sentRatings += bulkLines;
    const body = marks.map((mark, i) => JSON.stringify(this.rating(mark, n * bulkLines + i))).join('\n');
    const answer = await this.courier.post('/v1/ratings/bulk', body, `${this.run}/bulk/${n}`);
    if (answer?.status === 200 && (answer.body as { failed: number }).failed === 0) this.accepted.ratings.push(...marks);
  }

  private async label(labelerExternalId: string, n: number): Promise<void> {
    const key = `${this.run}/claim/${labelerExternalId}/${n}`;
    const claim = { labelerExternalId, k: 2, ttlSeconds: 20 };
    const leased = await this.courier.post(`/v1/labeling-batches/${this.target.labelingBatchId}/tasks/claim`, claim, key);
    if (leased?.status !== 200) return;
    for (const task of (leased.body as { tasks: { id: string; completions: { id: string }[] }[] }).tasks) {
      this.accepted.claimed.push(task.id);
      const scores = task.completions.map(({ id }) => ({ completionId: id, score: 1 + (n % 3) }));
      const answer = await this.courier.post(`/v1/tasks/${task.id}/submit`, { scores }, `${key}/${task.id}`);
      if (answer?.status === 200) this.accepted.answered.push(task.id);
    }
  }

  private async build(n: number): Promise<void> {
    const body = { criterionVersionId: this.target.criterionVersionId, strategy: 'sample', pairsPerPrompt: 2, seed: n };
    await this.start('/v1/pair-sets', body, `${this.run}/pairs/${n}`, this.accepted.pairSets);
  }

  private async complete(n: number): Promise<void> {
    const { policyVersionId, promptSetId } = this.target;
    const body = { policyVersionId, promptSetId, sampling: { n: answersPerPrompt, maxTokens: 8, seed: n } };
    await this.start('/v1/completion-batches', body, `${this.run}/batch/${n}`, this.accepted.completionBatches);
  }

  private async start(path: string, body: object, key: string, into: { id: string; jobId: string }[]): Promise<void> {
    const answer = await this.courier.post(path, body, key);
    if (answer?.status === 202) into.push(answer.body as { id: string; jobId: string });
  }
}

export const completionsOfBatch = ({ prompts }: Target): number => prompts * answersPerPrompt;

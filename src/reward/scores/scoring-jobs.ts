// The API never runs a model: what is missing is scored by a job, and a request waits a little for it, since a handful of
// short texts takes less than a second.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import type { Transaction } from '#src/database/database.js';
import { terminal } from '#src/jobs/job-state.js';
import { JobsService } from '#src/jobs/jobs.service.js';

@Injectable()
export class ScoringJobs {
  constructor(private readonly jobs: JobsService) {}

  /** @param promptIds whose completions it scores; it scores waiting texts anyway */
  async enqueue(tx: Transaction, auth: AuthContext, rewardModelId: string, promptIds: string[]): Promise<string> {
    const resultRef = { type: 'reward_model', id: rewardModelId };
    const payload = { rewardModelId, promptIds };
    return (await this.jobs.enqueue(tx, { type: 'reward-model.score', payload, resultRef, auth })).id;
  }

  /** Waits until the job is terminal or the time is over. */
  async wait(jobId: string, ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    const viewer = { vendorId: null };
    for (let job = await this.jobs.get(viewer, jobId); !terminal(job.state) && Date.now() < deadline; ) {
      job = await this.jobs.waitForChange(viewer, jobId, job.version, deadline - Date.now());
    }
  }
}

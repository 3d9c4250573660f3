// Rewards of completions. They are computed by a worker and kept; a request for some that are missing starts a
// job and waits a little for it, since a handful of short texts takes less than a second.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { notFound, unprocessable } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { terminal } from '#src/jobs/job-state.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { CompletionScoresRepository, type CompletionWithScore } from './completion-scores.repository.js';
import { rankCompletions, type RankedCompletion, type ScoredCompletion } from './ranking.js';
import { RewardModelsService } from './reward-models.service.js';
import type { ScoreCompletionsDto } from './scores.dto.js';

export interface CompletionRanking {
  rewardModelId: string;
  jobId: string | null;
  complete: boolean;
  ranking: RankedCompletion[];
}

@Injectable()
export class ScoresService {
  constructor(
    private readonly database: Database,
    private readonly rewardModels: RewardModelsService,
    private readonly scores: CompletionScoresRepository,
    private readonly jobs: JobsService,
  ) {}

  /**
   * @param waitMs how long a job for missing scores may take before the answer goes out incomplete
   * @throws ProblemException 409 `reward_model_not_trained`; 404 `prompt_not_found`; 422 `score_target`, `no_completions`,
   *   `unknown_completion`
   */
  async score(auth: AuthContext, id: string, dto: ScoreCompletionsDto, waitMs: number): Promise<CompletionRanking> {
    const rewardModel = await this.rewardModels.getTrained(id);
    const { rewardMean: mean, rewardDeviation: deviation } = rewardModel.evaluation;
    const rank = (found: CompletionWithScore[], jobId: string | null): CompletionRanking => {
      const scored = found.filter((completion): completion is ScoredCompletion => completion.score !== null);
      const complete = scored.length === found.length;
      return { rewardModelId: id, jobId, complete, ranking: rankCompletions(scored, { mean, deviation }) };
    };
    const before = await this.find(id, dto);
    const missing = before.filter(({ score }) => score === null);
    if (missing.length === 0) return rank(before, null);
    const jobId = await this.enqueue(auth, id, [...new Set(missing.map(({ promptId }) => promptId))]);
    await this.wait(jobId, waitMs);
    return rank(await this.find(id, dto), jobId);
  }

  private async find(rewardModelId: string, { promptId, completionIds }: ScoreCompletionsDto): Promise<CompletionWithScore[]> {
    if (promptId && !completionIds) {
      const found = await this.scores.ofPrompt(rewardModelId, promptId);
      if (found.length > 0) return found;
      if (!(await this.scores.promptExists(promptId))) throw notFound('prompt', promptId);
      throw unprocessable('no_completions', '/promptId', 'notEmpty', 'this prompt has no completions', promptId);
    }
    if (!completionIds || promptId) {
      throw unprocessable('score_target', '', 'oneOf', 'give either promptId or completionIds');
    }
    const found = await this.scores.ofCompletions(rewardModelId, completionIds);
    const known = new Set(found.map(({ completionId }) => completionId));
    const at = completionIds.findIndex((id) => !known.has(id.toLowerCase()));
    if (at < 0) return found;
    throw unprocessable('unknown_completion', `/completionIds/${at}`, 'exists', 'no completion has this id', completionIds[at]);
  }

  private async enqueue(auth: AuthContext, rewardModelId: string, promptIds: string[]): Promise<string> {
    const resultRef = { type: 'reward_model', id: rewardModelId };
    const payload = { rewardModelId, promptIds };
    const job = await this.database.transaction((tx) =>
      this.jobs.enqueue(tx, { type: 'reward-model.score', payload, resultRef, auth }),
    );
    return job.id;
  }

  /** Until the job is terminal or the time is over. */
  private async wait(jobId: string, ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    const viewer = { vendorId: null };
    for (let job = await this.jobs.get(viewer, jobId); !terminal(job.state) && Date.now() < deadline; ) {
      job = await this.jobs.waitForChange(viewer, jobId, job.version, deadline - Date.now());
    }
  }
}

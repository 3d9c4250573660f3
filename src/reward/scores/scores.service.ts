// Rewards of completions. They are computed by a worker and kept; a request for some that are missing starts a
// job and waits a little for it.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound, unprocessable } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { CompletionScoresRepository, type CompletionWithScore, type ScoreOfCompletion } from './completion-scores.repository.js';
import { rankCompletions, scaleOf, type RankedCompletion, type ScoredCompletion } from './ranking.js';
import { RewardModelsService } from '../models/reward-models.service.js';
import type { ScoreCompletionsDto } from './scores.dto.js';
import { ScoringJobs } from './scoring-jobs.js';

/** Completions of one request. */
const maximumCompletions = 5000;

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
    private readonly scoringJobs: ScoringJobs,
  ) {}

  /**
   * @param waitMs how long a job for missing scores may take before the answer goes out incomplete
   * @throws ProblemException 409 `reward_model_not_trained`; 404 `prompt_not_found`; 422 `score_target`, `no_completions`,
   *   `too_many_completions`, `unknown_completion`
   */
  async score(auth: AuthContext, id: string, dto: ScoreCompletionsDto, waitMs: number): Promise<CompletionRanking> {
    const rewardModel = await this.rewardModels.getTrained(id);
    const scale = scaleOf(rewardModel.evaluation);
    const rank = (found: CompletionWithScore[], jobId: string | null): CompletionRanking => {
      const scored = found.filter((completion): completion is ScoredCompletion => completion.score !== null);
      const complete = scored.length === found.length;
      return { rewardModelId: id, jobId, complete, ranking: rankCompletions(scored, scale) };
    };
    const before = await this.find(id, dto);
    const jobId = await this.startMissing(auth, id, before);
    if (jobId === null) return rank(before, null);
    await this.scoringJobs.wait(jobId, waitMs);
    return rank(await this.find(id, dto), jobId);
  }

  /** What is known of one completion. @throws ProblemException 404 `completion_not_found` */
  async ofCompletion(completionId: string, query: PageQuery): Promise<Page<ScoreOfCompletion>> {
    if (!(await this.scores.completionExists(completionId))) throw notFound('completion', completionId);
    const request = pageRequest(query);
    return toPage(await this.scores.ofCompletion(completionId, request), request, ({ rewardModelId }) => rewardModelId);
  }

  /** The job that scores those without a score; null when all have theirs. */
  private async startMissing(auth: AuthContext, id: string, found: readonly CompletionWithScore[]): Promise<string | null> {
    const promptIds = [...new Set(found.flatMap(({ score, promptId }) => (score === null ? [promptId] : [])))];
    if (promptIds.length === 0) return null;
    return this.database.transaction((tx) => this.scoringJobs.enqueue(tx, auth, id, promptIds));
  }

  private find(rewardModelId: string, { promptId, promptIds, completionIds }: ScoreCompletionsDto): Promise<CompletionWithScore[]> {
    const targets = [promptId, promptIds, completionIds].filter((target) => target !== undefined);
    if (targets.length !== 1) throw unprocessable('score_target', '', 'oneOf', 'give exactly one of promptId, promptIds and completionIds');
    if (completionIds) return this.ofCompletions(rewardModelId, completionIds);
    return promptId ? this.ofPrompts(rewardModelId, [promptId], '/promptId') : this.ofPrompts(rewardModelId, promptIds!, '/promptIds');
  }

  private async ofPrompts(rewardModelId: string, promptIds: string[], pointer: string): Promise<CompletionWithScore[]> {
    const found = await this.scores.ofPrompts(rewardModelId, promptIds, maximumCompletions + 1);
    if (found.length > maximumCompletions) {
      const message = `these prompts have more than ${maximumCompletions} completions: request fewer prompts at a time`;
      throw unprocessable('too_many_completions', pointer, 'maximumCompletions', message);
    }
    if (found.length > 0 && new Set(found.map((completion) => completion.promptId)).size === promptIds.length) return found;
    const [unknown] = await this.scores.unknownPrompts(promptIds);
    if (unknown) throw notFound('prompt', unknown);
    if (found.length > 0) return found;
    throw unprocessable('no_completions', pointer, 'notEmpty', 'there are no completions to score', promptIds.join());
  }

  private async ofCompletions(rewardModelId: string, completionIds: string[]): Promise<CompletionWithScore[]> {
    const found = await this.scores.ofCompletions(rewardModelId, completionIds);
    const known = new Set(found.map(({ completionId }) => completionId));
    const at = completionIds.findIndex((id) => !known.has(id));
    if (at < 0) return found;
    throw unprocessable('unknown_completion', `/completionIds/${at}`, 'exists', 'no completion has this id', completionIds[at]);
  }
}

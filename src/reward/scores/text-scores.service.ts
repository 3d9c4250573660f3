// Rewards of texts that are not stored as completions. Each text is scored once per reward model: earlier scores, of completions or texts,
// are found by hash.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { ProblemException } from '#src/common/problem.js';
import { deviation } from '#src/common/statistics.js';
import { Database } from '#src/database/database.js';
import { normalizedScore, ranksWithin, scaleOf } from './ranking.js';
import type { RewardEvaluation } from '../evaluation/reward-evaluation.js';
import { RewardModelsService } from '../models/reward-models.service.js';
import { ScoringJobs } from './scoring-jobs.js';
import { textHash } from './scoring-units.js';
import type { ScoreTextsDto, TextScoresDto } from './text-scores.dto.js';
import { TextScoresRepository, type HashScore } from './text-scores.repository.js';

/** Texts in line for one reward model. */
const maximumWaiting = 20_000;

@Injectable()
export class TextScoresService {
  constructor(
    private readonly database: Database,
    private readonly rewardModels: RewardModelsService,
    private readonly texts: TextScoresRepository,
    private readonly scoringJobs: ScoringJobs,
  ) {}

  /**
   * @param waitMs how long a job for missing scores may take before the answer goes out incomplete
   * @throws ProblemException 409 `reward_model_not_trained`; 429 `scoring_backlog_full`
   */
  async score(auth: AuthContext, id: string, { texts }: ScoreTextsDto, waitMs: number): Promise<TextScoresDto> {
    const { evaluation } = await this.rewardModels.getTrained(id);
    const hashed = texts.map((text) => ({ ...text, hash: textHash(text) }));
    const hashes = hashed.map(({ hash }) => hash);
    const before = await this.texts.known(id, hashes);
    const missing = hashed.filter(({ hash }) => !before.has(hash));
    if (missing.length === 0) return answer(id, null, hashed, before, evaluation);
    await this.requireRoom(id, missing.length);
    const jobId = await this.database.transaction(async (tx) => {
      await this.texts.request(tx, id, missing);
      return this.scoringJobs.enqueue(tx, auth, id, []);
    });
    await this.scoringJobs.wait(jobId, waitMs);
    return answer(id, jobId, hashed, await this.texts.known(id, hashes), evaluation);
  }

  private async requireRoom(id: string, more: number): Promise<void> {
    const waiting = await this.texts.countWaiting(id);
    if (waiting + more <= maximumWaiting) return;
    throw new ProblemException({
      status: 429,
      code: 'scoring_backlog_full',
      title: 'Too many texts are waiting to be scored',
      detail: `${waiting} texts are waiting for reward model ${id}, the limit is ${maximumWaiting}; check that a worker serves the queue 'scoring'`,
      headers: { 'retry-after': '30' },
    });
  }
}

function answer(
  rewardModelId: string,
  jobId: string | null,
  texts: readonly { prompt: string; hash: string }[],
  known: ReadonlyMap<string, HashScore>,
  evaluation: RewardEvaluation | null,
): TextScoresDto {
  const scale = scaleOf(evaluation);
  const found = texts.map(({ hash }) => known.get(hash) ?? null);
  const ranks = ranksWithin(texts.map(({ prompt }, i) => ({ group: prompt, score: found[i]?.score ?? null })));
  return {
    rewardModelId,
    jobId,
    complete: found.every((score) => score !== null),
    scores: found.map((row, index) => ({
      index,
      score: row?.score ?? null,
      rank: ranks[index],
      normalizedScore: row && scale && normalizedScore(row.score, scale),
      disagreement: row?.memberScores ? deviation(row.memberScores) : null,
    })),
  };
}

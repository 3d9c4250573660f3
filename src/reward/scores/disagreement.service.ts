// Finds the pairs of completions on which the members of an ensemble disagree most.
import { Injectable } from '@nestjs/common';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { CompletionScoresRepository } from './completion-scores.repository.js';
import { disputedPairs } from '#src/rl/reward/ensemble.js';
import { RewardModelsService } from '../models/reward-models.service.js';

export interface DisputedPair {
  completionIds: [string, string];
  /** Standard deviation over the members of the reward difference. */
  disagreement: number;
  /** Share of members that prefer the first completion; equal rewards count half. */
  preferFirst: number;
}

@Injectable()
export class DisagreementService {
  constructor(
    private readonly rewardModels: RewardModelsService,
    private readonly scores: CompletionScoresRepository,
  ) {}

  /**
   * Every pair of these completions, most disputed first. It reads kept scores and computes none.
   *
   * @param completionIds of the prompt
   * @throws ProblemException 409 `reward_model_not_trained`, `reward_model_not_an_ensemble`, `completions_not_scored`;
   *   404 `completion_not_found`; 422 `completion_of_other_prompt`
   */
  async disagreement(rewardModelId: string, promptId: string, completionIds: string[]): Promise<DisputedPair[]> {
    const { hyperparameters } = await this.rewardModels.getTrained(rewardModelId);
    const memberCount = hyperparameters?.members ?? 1;
    if (memberCount < 2) {
      throw conflict('reward_model_not_an_ensemble', `reward model ${rewardModelId} has one member; disagreement needs an ensemble`);
    }
    const found = await this.scores.ofCompletions(rewardModelId, completionIds);
    const known = new Set(found.map(({ completionId }) => completionId));
    const unknown = completionIds.find((id) => !known.has(id));
    if (unknown) throw notFound('completion', unknown);
    const at = found.findIndex((completion) => completion.promptId !== promptId);
    if (at >= 0) {
      const message = `this completion is of prompt ${found[at].promptId}`;
      throw unprocessable('completion_of_other_prompt', `/completionIds/${at}`, 'samePrompt', message, found[at].completionId);
    }
    const members = found.map(({ memberScores }) => memberScores);
    const missing = members.filter((own) => own === null).length;
    if (missing > 0) throw conflict('completions_not_scored', `${missing} of these completions have no score yet: score them with POST /v1/reward-models/${rewardModelId}/score`);
    const byMember = Array.from({ length: memberCount }, (_, m) => members.map((own) => own![m]));
    return disputedPairs(byMember).map(({ a, b, disagreement, preferA }) => ({
      completionIds: [found[a].completionId, found[b].completionId],
      disagreement,
      preferFirst: preferA,
    }));
  }
}

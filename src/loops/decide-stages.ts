// The end of an iteration: people compare, and the loop promotes or holds.
import { Injectable } from '@nestjs/common';
import { ComparisonsService } from '#src/comparisons/comparisons.service.js';
import type { ComparisonResult } from '#src/comparisons/comparison-result.js';
import { PoliciesService } from '#src/policies/policies.service.js';
import { comparisonOutcome } from './gate.js';
import type { ComparisonFigures } from './loop-figures.js';
import type { LoopOutcome } from './loop-state.js';
import type { Loop } from './loop.entity.js';
import { made, ownerOf, type StageResult, type StageTask } from './stage.js';

@Injectable()
export class DecideStages {
  constructor(
    private readonly comparisons: ComparisonsService,
    private readonly policies: PoliciesService,
  ) {}

  /** People compare fresh answers of both versions to held-out prompts; the reward model judges the same items as proxy. */
  async compare({ loop, iteration }: StageTask): Promise<StageResult> {
    if (iteration.comparisonId) return { outcome: 'answered' };
    const { generation, judge, seed } = loop.config;
    const comparison = await this.comparisons.create(ownerOf(loop), {
      baselineVersionId: iteration.startVersionId,
      candidateVersionId: made(iteration.candidateVersionId, 'candidate'),
      promptSetId: loop.heldOutPromptSetId,
      sampling: { ...generation.sampling, seed: seed + iteration.number },
      judge,
      proxyRewardModelId: made(iteration.rewardModelId, 'reward model'),
    });
    return { iteration: { comparisonId: comparison.id }, jobId: comparison.jobId };
  }

  async awaitJudgements({ loop, iteration }: StageTask): Promise<StageResult | null> {
    const { state, result } = await this.comparisons.get(made(iteration.comparisonId, 'comparison'));
    if (state === 'failed') return { outcome: 'not_judged' };
    if (!result) return null;
    return { figures: { comparison: figuresOf(result) }, outcome: comparisonOutcome(result, loop.config.gate) };
  }

  async promote({ tx, loop, iteration }: StageTask): Promise<StageResult> {
    const policyVersionId = made(iteration.candidateVersionId, 'candidate');
    const { policyId, alias } = loop;
    await this.policies.promote(tx, 'system', policyId, alias, policyVersionId);
    return { iteration: { decision: 'promoted' }, loop: { currentVersionId: policyVersionId }, outcome: leaving(loop) };
  }

  hold({ loop }: StageTask): Promise<StageResult> {
    return Promise.resolve({ iteration: { decision: 'held' }, outcome: leaving(loop) });
  }
}

function leaving({ iteration, config }: Loop): LoopOutcome {
  return iteration < config.iterations ? 'next_iteration' : 'last_iteration';
}

function figuresOf(result: ComparisonResult): ComparisonFigures {
  const { winRate, low, high, n, judgements, simulatedJudgements, lengthControlled, proxy } = result;
  return {
    winRate,
    low,
    high,
    n,
    lengthControlledWinRate: lengthControlled.winRate,
    meanLengthDifference: lengthControlled.meanLengthDifference,
    judgements,
    simulatedJudgements,
    proxyWinRate: proxy?.winRate ?? null,
    drift: proxy?.drift ?? null,
  };
}

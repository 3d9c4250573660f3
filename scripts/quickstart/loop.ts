import type { Schemas } from '#sdk/client.js';
import { comparePolicies } from './comparison.js';
import type { QuickstartReport } from './report.js';
import type { Session } from './session.js';
import type { Settings } from './settings.js';
import * as stages from './stages.js';

/** The whole loop once, over REST. */
export async function runLoop(session: Session, settings: Settings): Promise<Omit<QuickstartReport, 'totalSeconds'>> {
  const prompts = await stages.loadPrompts(session, settings);
  const policy = await stages.uploadStarterPolicy(session);
  const completions = await stages.generateCompletions(session, settings, policy.id, prompts.practice);
  const criterionVersion = await stages.rateCompletions(session, settings, completions);
  const pairSet = await stages.buildPairs(session, settings, criterionVersion, prompts.practice);
  const rewardModel = await stages.trainRewardModel(session, settings, pairSet.id, policy.id);
  const training = await stages.trainPolicy(session, settings, policy.id, rewardModel.id, prompts.practice);
  const better = training.resultPolicyVersionId!;
  const comparison = await comparePolicies(session, settings, policy.id, better, prompts.heldOut);

  const { accuracy, nulls, evalPairs } = rewardModel.evaluation!;
  const { winRate, low, high, n } = comparison.result;
  const { rewardBefore, rewardAfter, kl } = training.summary as Schemas['RolloutSummaryDto'];
  return {
    stages: session.reportRows(),
    rewardModel: { accuracy: accuracy.value, nulls, evalPairs },
    training: { method: training.method, rewardBefore, rewardAfter, kl: kl ?? null },
    comparison: { winRate, low, high, n },
    inventedFacts: comparison.inventedFacts,
  };
}

import type { Schemas } from '#sdk/client.js';
import { comparePolicies } from './comparison.js';
import { tagRates, worstTag, type QuickstartReport } from './report.js';
import type { Session } from './session.js';
import type { Settings } from './settings.js';
import * as stages from './stages.js';

/** The whole loop once, over REST. */
export async function runLoop(session: Session, settings: Settings): Promise<Omit<QuickstartReport, 'totalSeconds'>> {
  const prompts = await stages.loadPrompts(session, settings);
  const policy = await stages.uploadStarterPolicy(session);
  const completions = await stages.generateCompletions(session, settings, policy.id, prompts.practice);
  const criterionVersion = await stages.rateCompletions(session, settings, completions);
  const pairSet = await stages.buildPairs(session, settings, criterionVersion, {
    promptSetId: prompts.practice,
    completionBatchId: completions[0].batchId!,
  });
  const rewardModel = await stages.trainRewardModel(session, settings, pairSet.id, policy.id);
  const training = await stages.trainPolicy(session, settings, policy.id, rewardModel.id, prompts);
  const better = training.resultPolicyVersionId!;
  const comparison = await comparePolicies(session, settings, policy.id, better, prompts.heldOut);

  const { accuracy, nulls, evalPairs } = rewardModel.evaluation!;
  const { winRate, low, high, n, lengthControlled, byTag } = comparison.result;
  return {
    stages: session.reportRows(),
    rewardModel: { accuracy: accuracy.value, nulls, evalPairs },
    training: trainingReport(training),
    comparison: {
      winRate,
      low,
      high,
      n,
      lengthControlled: { winRate: lengthControlled.winRate, low: lengthControlled.low, high: lengthControlled.high },
      byTag: tagRates(byTag),
      worstTag: worstTag(tagRates(byTag)),
    },
    inventedFacts: comparison.inventedFacts,
  };
}

function trainingReport({ method, summary, hyperparameters, verdict }: Schemas['TrainingRunDto']): QuickstartReport['training'] {
  const { rewardBefore, rewardAfter, kl, steps, stopped } = summary as Schemas['RolloutSummaryDto'];
  const plannedSteps = stages.plannedStepsOf(hyperparameters);
  const objections = verdict!.findings.filter(({ advice }) => advice !== null).map(({ check, status, message, advice }) => ({ check, status, message, advice }));
  return { method, rewardBefore, rewardAfter, kl, steps, plannedSteps, stopped: stopped?.detail ?? null, verdict: { status: verdict!.status, objections } };
}

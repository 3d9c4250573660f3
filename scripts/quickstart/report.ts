/** What `npm run quickstart -- --report FILE` writes; every figure was measured in that run. */
export interface QuickstartReport {
  stages: { name: string; count: number; seconds: number; url: string }[];
  rewardModel: {
    accuracy: number;
    nulls: { longest: number | null; shortest: number | null; first: number | null; majority: number | null };
    evalPairs: number;
  };
  training: { method: string; rewardBefore: number; rewardAfter: number; kl: number | null };
  comparison: { winRate: number; low: number; high: number; n: number };
  /** Share of held-out answers with a fact that the prompt does not have, by the documented rule. */
  inventedFacts: { before: number; after: number };
  /** From the start of the npm command, installation included. */
  totalSeconds: number;
}

/** What the quickstart promises; each broken promise is one line. */
export function brokenPromises(report: QuickstartReport): string[] {
  const { rewardModel, comparison } = report;
  const broken: string[] = [];
  if (!(comparison.low > 0.5)) broken.push(`the new policy must win more than half beyond chance, its interval starts at ${comparison.low}`);
  // The majority null already knows the labelers' own scores, so it is a ceiling to look at, not one to beat.
  const contentBlind = [rewardModel.nulls.longest, rewardModel.nulls.shortest, rewardModel.nulls.first];
  const best = Math.max(...contentBlind.filter((value) => value !== null));
  if (!(rewardModel.accuracy > best)) broken.push(`reward model accuracy ${rewardModel.accuracy} must beat the best null ${best}`);
  if (!report.stages.every((stage) => stage.count > 0)) broken.push('every stage must have made something');
  return broken;
}

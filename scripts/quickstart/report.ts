/** With a 95% interval. */
interface Rate {
  winRate: number;
  low: number;
  high: number;
  n: number;
}

export interface TagRate extends Rate {
  tag: string;
}

/** What `npm run quickstart -- --report FILE` writes; every figure was measured in that run. */
export interface QuickstartReport {
  stages: { name: string; count: number; seconds: number; url: string }[];
  rewardModel: {
    accuracy: number;
    nulls: { longest: number | null; shortest: number | null; first: number | null; majority: number | null };
    evalPairs: number;
  };
  training: {
    method: string;
    rewardBefore: number;
    rewardAfter: number;
    /** To the starting policy at the last step taken, in nats per token. */
    kl: number | null;
    steps: number;
    plannedSteps: number;
    /** Why not all steps were taken; null when they were. */
    stopped: string | null;
    verdict: { status: string; objections: { check: string; status: string; message: string; advice: string | null }[] };
  };
  comparison: Rate & {
    /** What the win rate would be had both answers the same length. */
    lengthControlled: Omit<Rate, 'n'>;
    byTag: TagRate[];
    /** Where the new policy did worst; null where prompts have no tags. */
    worstTag: TagRate | null;
  };
  /** Share of held-out answers with a fact that the prompt does not have, by the documented rule. */
  inventedFacts: { before: number; after: number };
  /** From the start of the npm command, installation included. */
  totalSeconds: number;
}

/** Without the prompts that have no tag. */
export function tagRates(byTag: readonly (Omit<TagRate, 'tag'> & { tag: string | null })[]): TagRate[] {
  return byTag.flatMap(({ tag, winRate, low, high, n }) => (tag === null ? [] : [{ tag, winRate, low, high, n }]));
}

/** A tag of which it is beyond chance that the new policy lost counts before one that is merely low. */
export function worstTag(tags: readonly TagRate[]): TagRate | null {
  return tags.reduce<TagRate | null>((worst, tag) => (worst === null || rank(tag) < rank(worst) ? tag : worst), null);
}

const rank = (tag: TagRate): number => (isWorse(tag) ? tag.winRate - 1 : tag.winRate);

/** Beyond chance: the whole interval lies below one half. */
export const isWorse = ({ high }: Pick<Rate, 'high'>): boolean => high < 0.5;

/** What the quickstart promises; each broken promise is one line. */
export function brokenPromises(report: QuickstartReport): string[] {
  const { rewardModel, comparison } = report;
  const broken: string[] = [];
  if (!(comparison.low > 0.5)) broken.push(`the lower end of the new policy's win rate must be above 0.5, got ${comparison.low}`);
  const { low } = comparison.lengthControlled;
  if (!(low > 0.5)) broken.push(`the lower end of the length-controlled win rate must be above 0.5, got ${low}`);
  for (const { tag, winRate, high } of comparison.byTag.filter(isWorse)) {
    broken.push(`the new policy must lose ground on no tag, it wins ${winRate} on '${tag}', its interval ends at ${high}`);
  }
  // The majority null already knows the labelers' own scores, so it is a ceiling to look at, not one to beat.
  const contentBlind = [rewardModel.nulls.longest, rewardModel.nulls.shortest, rewardModel.nulls.first];
  const best = Math.max(...contentBlind.filter((value) => value !== null));
  if (!(rewardModel.accuracy > best)) broken.push(`reward model accuracy ${rewardModel.accuracy} must beat the best null ${best}`);
  if (!report.stages.every((stage) => stage.count > 0)) broken.push('every stage must have produced a result');
  return broken;
}

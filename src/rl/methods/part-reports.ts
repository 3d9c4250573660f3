/** Loss and figures of a batch out of those of its parts. */
import { type RewardLoss } from '../reward/reward-graph.js';

export type RewardFigures = Record<keyof RewardLoss['metrics'], number>;

export interface PartReport {
  loss: number;
  metrics: Readonly<Record<string, number>>;
}

/** Sums of the weights of a part's pairs: of all, and of those that are no ties. */
interface PartWeights {
  weight: number;
  decidedWeight: number;
}

/** Means weigh a part by what they are taken over; without a pair that is no tie, accuracy and margin are 0. */
export function combineReports(reports: readonly PartReport[], parts: readonly PartWeights[]): { loss: number; metrics: RewardFigures } {
  const mean = (over: keyof PartWeights, of: (report: PartReport) => number): number => {
    const total = parts.reduce((sum, part) => sum + part[over], 0);
    return total === 0 ? 0 : reports.reduce((sum, report, i) => sum + (parts[i][over] / total) * of(report), 0);
  };
  const all = (name: keyof RewardFigures): number[] => reports.map(({ metrics }) => metrics[name]);
  return {
    loss: mean('weight', ({ loss }) => loss),
    metrics: {
      accuracy: mean('decidedWeight', ({ metrics }) => metrics.accuracy),
      margin: mean('decidedWeight', ({ metrics }) => metrics.margin),
      mean_reward: mean('weight', ({ metrics }) => metrics.mean_reward),
      min_reward: Math.min(...all('min_reward')),
      max_reward: Math.max(...all('max_reward')),
    },
  };
}

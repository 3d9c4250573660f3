// When a labeler is worth a second look, and why. Thresholds are set so that a usual labeler of a few hundred ratings
// is seldom flagged by chance; a flag is a question to ask, not a verdict.
import type { PositionBias, Severity, Speed, StraightLining } from './labeler-figures.js';
import type { Interval } from './bootstrap.js';
import { wilson } from './wilson.js';

export const labelerFlagCodes = ['severe', 'lenient', 'position_bias', 'long_runs', 'little_spread', 'too_fast', 'gold_failures', 'low_reliability'] as const;
export type LabelerFlagCode = (typeof labelerFlagCodes)[number];

export interface LabelerFlag {
  code: LabelerFlagCode;
  reason: string;
}

export interface FlaggedFigures {
  severity: Severity | null;
  positionBias: PositionBias | null;
  straightLining: StraightLining;
  speed: Speed | null;
  /** Null where whoever asks may not know. */
  gold: { ratings: number; passed: number; interval: Interval | null } | null;
  reliability: { value: number | null; items: number } | null;
  /** Rankings and comparisons with one best: how often that was shown first, and how often by chance it would be. */
  firstShown: { judged: number; firstPreferred: number; expected: number };
  /** Of rankings and comparisons, per completion in them. */
  preferenceSpeed: Speed | null;
}

const flagThresholds = {
  /** Share of the scale that the whole interval of the deviation lies beyond. */
  severity: 0.1,
  positionP: 0.001,
  positionCorrelation: 0.1,
  /** The interval of the share of first-shown winners lies beyond chance by more. */
  firstShown: 0.05,
  runsZ: -4,
  longestRun: 10,
  spreadRatio: 0.5,
  spreadRatings: 30,
  fastShare: 0.05,
  fastRatings: 20,
  /** The interval of gold accuracy lies below. */
  goldAccuracy: 0.8,
  reliability: 0.4,
  reliabilityItems: 30,
} as const;

export function labelerFlags({ severity, positionBias, straightLining, speed, gold, reliability, firstShown, preferenceSpeed }: FlaggedFigures): LabelerFlag[] {
  const t = flagThresholds;
  const flags: LabelerFlag[] = [];
  if (severity) {
    const bound = t.severity * Math.abs(severity.value / severity.shareOfScale);
    const by = `${Math.abs(severity.value).toFixed(2)} points on ${severity.items} items`;
    const { low, high } = severity;
    if (high !== null && high < -bound) flags.push({ code: 'severe', reason: `scores lie below those of others by ${by}` });
    if (low !== null && low > bound) flags.push({ code: 'lenient', reason: `scores lie above those of others by ${by}` });
  }
  if (positionBias && positionBias.pValue < t.positionP && Math.abs(positionBias.correlation) >= t.positionCorrelation) {
    const shown = positionBias.correlation < 0 ? 'earlier' : 'later';
    const reason = `what is shown ${shown} gets more: correlation ${positionBias.correlation.toFixed(2)} over ${positionBias.n} ratings`;
    flags.push({ code: 'position_bias', reason });
  }
  const shares = wilson(firstShown.firstPreferred, firstShown.judged);
  const chance = firstShown.expected / firstShown.judged;
  if (shares && (shares.low > chance + t.firstShown || shares.high < chance - t.firstShown)) {
    const { firstPreferred, judged } = firstShown;
    flags.push({ code: 'position_bias', reason: `of ${judged} orders ${firstPreferred} prefer what is shown first; by chance ${firstShown.expected.toFixed(0)} would` });
  }
  const { z, runs, expectedRuns, longestRun, n, spreadRatio } = straightLining;
  const alwaysTheSame = z === null && n >= t.spreadRatings;
  if (longestRun >= t.longestRun && (alwaysTheSame || (z !== null && z < t.runsZ))) {
    const reason = `${runs} runs of equal scores where ${expectedRuns.toFixed(0)} are expected; the longest has ${longestRun}`;
    flags.push({ code: 'long_runs', reason });
  }
  if (spreadRatio !== null && spreadRatio < t.spreadRatio && n >= t.spreadRatings) {
    flags.push({ code: 'little_spread', reason: `scores spread ${spreadRatio.toFixed(2)} times as much as those of others on the same items` });
  }
  for (const [what, pace] of [['ratings', speed], ['rankings and comparisons, by completion,', preferenceSpeed]] as const) {
    if (!pace || pace.ratings < t.fastRatings || pace.tooFast / pace.ratings <= t.fastShare) continue;
    const reason = `${pace.tooFast} of ${pace.ratings} ${what} took less than ${Math.round(pace.fenceMs!)} ms; typical are ${Math.round(pace.typicalMs)} ms`;
    flags.push({ code: 'too_fast', reason });
  }
  if (gold?.interval && gold.interval.high < t.goldAccuracy) {
    flags.push({ code: 'gold_failures', reason: `${gold.passed} of ${gold.ratings} gold items were rated as expected` });
  }
  if (reliability && reliability.value !== null && reliability.items >= t.reliabilityItems && reliability.value < t.reliability) {
    flags.push({ code: 'low_reliability', reason: `reliability ${reliability.value.toFixed(2)} over ${reliability.items} items that others rated too` });
  }
  return flags;
}

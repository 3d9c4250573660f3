import { percent } from '../quickstart/stages.js';
import { wrap } from '../terminal/table.js';
import type { IterationRow, LoopDemoReport } from './report.js';

/** Of a line, so that it fits a terminal. */
const width = 100;

/** A paragraph for each iteration, and who judged. */
export function summary({ iterations, judgedBy, totalSeconds }: LoopDemoReport): string {
  const people =
    judgedBy === 'people' ? 'People rated and judged.' : 'The labelers were simulated (scripts/simulated/labelers.ts): no person has judged this.';
  return [...iterations.map(paragraph), ...wrap(`${people} Intervals are 95%. Total: ${totalSeconds} s.`, width)].join('\n');
}

export function paragraph(row: IterationRow): string {
  const [title, ...figures] = linesOf(row);
  return [title, ...figures.flatMap((figure) => wrap(figure, width - 4).map((line, i) => (i === 0 ? '  ' : '    ') + line))].join('\n') + '\n';
}

function linesOf({ iteration, decision, reason, overFirst, overPrevious, kl, training, length, inventedFacts, drift, seconds }: IterationRow): string[] {
  const rate = ({ winRate, low, high }: { winRate: number; low: number; high: number }) => `${percent(winRate)} (${percent(low)} to ${percent(high)})`;
  return [
    `iteration ${iteration}: ${decision}, ${reason} (${seconds.toFixed(0)} s)`,
    overFirst ? `win rate over the first version ${rate(overFirst)}, at equal length ${percent(overFirst.lengthControlled)}` : 'no new version to compare with the first',
    ...(overPrevious ? [`over the version before ${rate(overPrevious)}`] : []),
    ...(kl === null ? [] : [`KL to the version before ${kl.toFixed(3)} nats per token at the last step of training`]),
    ...(training ? [`training verdict ${training.status}${training.reason ? `: ${training.reason}. ${training.advice ?? ''}`.trimEnd() : ''}`] : []),
    ...(length ? [`answers had ${length.first.toFixed(0)} characters, now ${length.candidate.toFixed(0)}`] : []),
    ...(inventedFacts ? [`invented facts in ${percent(inventedFacts.first)} of answers, now ${percent(inventedFacts.candidate)}`] : []),
    ...(drift ? [`win rate by the reward model ${percent(Math.abs(drift.value))} ${drift.value >= 0 ? 'above' : 'below'} that by the judges (drift)`] : []),
  ];
}

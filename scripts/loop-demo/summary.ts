import { percent } from '../quickstart/stages.js';
import { table } from '../terminal/table.js';
import type { IterationRow, LoopDemoReport } from './report.js';

const headings = [
  'iteration', 'decision', 'win rate over the first (95%)', 'over the one before', 'length-controlled', 'KL', 'characters', 'invented facts', 'drift of the proxy', 'time',
];

export function summary({ iterations, judgedBy, totalSeconds }: LoopDemoReport): string {
  const people =
    judgedBy === 'people' ? 'People rated and judged.' : 'The labelers were simulated (scripts/simulated/labelers.ts): no person has judged this.';
  return `${table(headings, iterations.map(cells))}\n\n${people} Total: ${totalSeconds} s.`;
}

export function oneLine(row: IterationRow): string {
  return cells(row)
    .map((cell, i) => `${headings[i]} ${cell}`)
    .join(' · ');
}

function cells({ iteration, decision, reason, overFirst, overPrevious, kl, length, inventedFacts, drift, seconds }: IterationRow): string[] {
  const rate = ({ winRate, low, high }: { winRate: number; low: number; high: number }) => `${percent(winRate)} (${percent(low)} to ${percent(high)})`;
  return [
    String(iteration),
    `${decision}: ${reason}`,
    overFirst ? rate(overFirst) : 'no new version',
    overPrevious ? rate(overPrevious) : 'not compared',
    overFirst ? percent(overFirst.lengthControlled) : 'not compared',
    kl === null ? 'not measured' : kl.toFixed(3),
    length ? `${length.first.toFixed(0)} to ${length.candidate.toFixed(0)}` : 'not compared',
    inventedFacts ? `${percent(inventedFacts.first)} to ${percent(inventedFacts.candidate)}` : 'not compared',
    drift ? `${drift.value >= 0 ? '+' : ''}${percent(drift.value)}` : 'unknown',
    `${seconds.toFixed(0)} s`,
  ];
}

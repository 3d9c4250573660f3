// What the quickstart prints at its end.
import { table, wrap } from '../terminal/table.js';
import type { QuickstartReport } from './report.js';
import type { Session } from './session.js';
import { share } from './stages.js';

/** Of a line, so that it fits a terminal. */
const width = 100;

export function summary({ baseUrl, rows }: Pick<Session, 'baseUrl' | 'rows'>, report: QuickstartReport): string {
  const cells = rows.map(({ name, count, seconds, figure }) => [name, String(count), `${seconds.toFixed(1)} s`, figure]);
  const links = rows.map(({ name, url }) => `  ${name.padEnd(14)} ${url.slice(baseUrl.length)}`);
  const told = notes(report).map((note) => wrap(note, width).join('\n'));
  return [table(['stage', 'count', 'time', 'key figure'], cells, width), [`Open the results at ${baseUrl}`, ...links].join('\n'), ...told].join('\n\n');
}

function notes({ rewardModel: { nulls, evalPairs }, totalSeconds }: QuickstartReport): string[] {
  return [
    `Accuracy of content-blind rules on the reward model's ${evalPairs} pairs: the longer text ${share(nulls.longest)}, the shorter ` +
      `${share(nulls.shortest)}, the one shown first ${share(nulls.first)}. The labelers' own majority gets ${share(nulls.majority)}, which is the ceiling.`,
    'Intervals are 95%. The labelers were simulated (scripts/simulated/labelers.ts): no person has judged this.',
    `Total: ${totalSeconds} s, installation included.`,
  ];
}

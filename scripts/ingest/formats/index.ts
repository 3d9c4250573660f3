import type { Format, Row } from '../sample.js';
import { argilla } from './argilla.js';
import { helpSteer, helpSteerPreference, ultraFeedback } from './attributes.js';
import { conversations } from './conversations.js';
import { hh } from './hh.js';
import { labelStudio } from './label-studio.js';
import { trlCompletion, trlPreference, trlPrompt } from './trl.js';

/** The first that recognises a row has it: what asks for more of a row comes first. */
export const formats: readonly Format[] = [
  ultraFeedback,
  helpSteer,
  helpSteerPreference,
  argilla,
  labelStudio,
  hh,
  trlPreference,
  conversations,
  trlCompletion,
  trlPrompt,
];

export const formatOf = (row: Row): Format | undefined => formats.find((format) => format.recognises(row));

/**
 * A row under the names that formats know: `target` is what was in `source`, of the row itself or of the `fields` or `data` in it.
 *
 * @param names target by source
 */
export function renamed(row: Row, names: ReadonlyMap<string, string>): Row {
  if (names.size === 0) return row;
  const moved = Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => names.has(name) || ![...names.values()].includes(name))
      .map(([name, value]) => [names.get(name) ?? name, value]),
  );
  for (const container of ['fields', 'data']) {
    const inner = moved[container];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) moved[container] = renamed(inner as Row, names);
  }
  return moved;
}

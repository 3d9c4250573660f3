// The criterion under which ratings and preferences of a data set stand: as its format knows it, or as its scores show.
import type { Plumbline, Schemas } from '#sdk/client.js';
import { ensureCriterionVersion, publishedVersions, type CriterionSpec } from '../client/ensure.js';
import { IngestError } from './rows.js';
import type { Format } from './sample.js';
import type { Survey } from './survey.js';

const mostLevels = 21;
const dimensionName = /^[a-z][a-z0-9_]{0,59}$/;

/** Undefined where nothing was judged. */
export function criterionOf(found: Survey, format: Format, name: string): CriterionSpec | undefined {
  const judged = found.scores.size > 0 || found.distinct.preferences.count !== 0;
  if (!judged) return undefined;
  if (format.criterion) {
    const { levels, dimensions, instructions } = format.criterion;
    return { name: format.criterion.name, instructions, scale: levels.map(level), ...(dimensions && { dimensions: Object.entries(dimensions).map(([key, weight]) => ({ name: key, weight })) }) };
  }
  if (found.scores.size === 0) {
    return {
      name,
      instructions: `Which answer is better: preferences that were recorded elsewhere and loaded as '${name}'.`,
      scale: [{ value: 0, label: 'worse' }, { value: 1, label: 'better' }],
    };
  }
  const names = [...new Set([...found.dimensionSets.keys()].flatMap((set) => set.split(',')))].sort();
  const wrong = names.length > 1 ? names.find((key) => !dimensionName.test(key)) : undefined;
  if (wrong !== undefined || names.length > 20) throw new IngestError(`the ratings have ${names.length} dimensions, which must be at most 20 and named as helpfulness is, got '${wrong ?? names.join(', ')}'`);
  return { ...fromScores(name, found.scores), ...(names.length > 1 && { dimensions: names.map((key) => ({ name: key, weight: 1 })) }) };
}

/** One level for each integer from the lowest to the highest score, or for each score. */
export function fromScores(name: string, scores: ReadonlySet<number>): CriterionSpec {
  const sorted = [...scores].sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted.at(-1)!];
  const integers = sorted.every(Number.isInteger) && high - low < mostLevels;
  const values = integers ? Array.from({ length: high - low + 1 }, (_, i) => low + i) : sorted;
  return { name, instructions: `Ratings that were recorded elsewhere and loaded as '${name}'; higher is better.`, scale: values.map(level) };
}

/** @throws IngestError where no criterion can be made of the scores: one that is there may still fit them */
export function checkScale({ scale }: CriterionSpec): void {
  if (scale.length >= 2 && scale.length <= mostLevels) return;
  const few = scale.slice(0, 5).map(({ value }) => value).join(', ');
  throw new IngestError(`score must have 2 to ${mostLevels} levels, found ${scale.length} (${few}${scale.length > 5 ? ', ...' : ''}): name a published criterion by --criterion, or put a criterion.json beside ratings.jsonl`);
}

const level = (value: number) => ({ value, label: `level ${value}` });

/** How many ratings lack a dimension that others have. */
export function incompleteRatings(found: Survey, { dimensions }: CriterionSpec): number {
  if (!dimensions) return 0;
  const all = dimensions.map(({ name }) => name).sort().join();
  return [...found.dimensionSets].reduce((sum, [set, count]) => sum + (set === all ? 0 : count), 0);
}

/** The criterion that was named, where it is there: its newest published version, if the scores fit it. Otherwise the one described. */
export async function ensureFitting(client: Plumbline, spec: CriterionSpec, scores: ReadonlySet<number>, named: boolean): Promise<Schemas['CriterionVersionDto']> {
  const newest = named ? (await publishedVersions(client, spec.name)).at(-1) : undefined;
  if (!newest) {
    checkScale(spec);
    return ensureCriterionVersion(client, spec);
  }
  const names = (dimensions: readonly { name: string }[] | null | undefined) => dimensions?.map(({ name }) => name).sort().join(', ') ?? 'none';
  if (scores.size > 0 && names(newest.dimensions) !== names(spec.dimensions)) {
    throw new IngestError(`criterion '${spec.name}' has the dimensions ${names(newest.dimensions)}, and the data ${names(spec.dimensions)}`);
  }
  const off = [...scores].find((score) => !newest.scale.some(({ value }) => value === score));
  if (off !== undefined) throw new IngestError(`criterion '${spec.name}' has the levels ${newest.scale.map(({ value }) => value).join(', ')}, and the data the score ${off}`);
  return newest;
}

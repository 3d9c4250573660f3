// Scores per dimension of a criterion (helpfulness, honesty, harmlessness, say), and the overall score that the
// server makes of them: sum(weight * score) / sum(weight), in the order in which the version lists its dimensions.
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import { offScaleMessage, onScale, type ScaleLevel } from './scale.js';

export interface Dimension {
  /** Key in `dimensionScores`. */
  name: string;
  /** Greater than 0; only ratios matter. */
  weight: number;
  instructions?: string;
}

export interface GivenScores {
  score?: number | null;
  dimensionScores?: Readonly<Record<string, number>> | null;
}

export interface Scores {
  score: number;
  /** Null where the criterion version has no dimensions. */
  dimensionScores: Record<string, number> | null;
}

export interface ScoreRefusal {
  code: 'score_missing' | 'score_out_of_scale' | 'score_is_computed' | 'dimension_unknown' | 'dimension_score_missing';
  detail: ProblemDetail;
}

interface ScoredBy {
  scale: readonly ScaleLevel[];
  dimensions: readonly Dimension[] | null;
}

/** What a rating scores under a criterion version, or why it cannot be taken. */
export function readScores(version: ScoredBy, given: GivenScores): { scores: Scores; refusal?: undefined } | { refusal: ScoreRefusal } {
  return version.dimensions ? perDimension(version.scale, version.dimensions, given) : overall(version.scale, given);
}

export function weightedMean(dimensions: readonly Dimension[], scores: Readonly<Record<string, number>>): number {
  const weights = dimensions.reduce((sum, { weight }) => sum + weight, 0);
  return dimensions.reduce((sum, { name, weight }) => sum + weight * scores[name], 0) / weights;
}

function overall(scale: readonly ScaleLevel[], { score, dimensionScores }: GivenScores): ReturnType<typeof readScores> {
  if (dimensionScores) {
    const [name] = Object.keys(dimensionScores);
    return refuse('dimension_unknown', `/dimensionScores${name === undefined ? '' : `/${pointerPart(name)}`}`, 'dimension', 'the criterion version has no dimensions: give score', name);
  }
  if (score === undefined || score === null) return refuse('score_missing', '/score', 'isDefined', 'give score');
  if (!onScale(scale, score)) return refuse('score_out_of_scale', '/score', 'onScale', offScaleMessage(scale), score);
  return { scores: { score, dimensionScores: null } };
}

function perDimension(scale: readonly ScaleLevel[], dimensions: readonly Dimension[], given: GivenScores): ReturnType<typeof readScores> {
  if (given.score !== undefined && given.score !== null) {
    return refuse('score_is_computed', '/score', 'absent', 'the criterion version has dimensions: give dimensionScores, the score is computed from them', given.score);
  }
  const names = dimensions.map(({ name }) => name);
  const scores = given.dimensionScores ?? {};
  for (const [name, score] of Object.entries(scores)) {
    const pointer = `/dimensionScores/${pointerPart(name)}`;
    if (!names.includes(name)) return refuse('dimension_unknown', pointer, 'dimension', `the dimensions are: ${names.join(', ')}`, name);
    if (!onScale(scale, score)) return refuse('score_out_of_scale', pointer, 'onScale', offScaleMessage(scale), score);
  }
  const missing = names.find((name) => !Object.hasOwn(scores, name));
  if (missing !== undefined) return refuse('dimension_score_missing', `/dimensionScores/${missing}`, 'isDefined', `give a score for each of: ${names.join(', ')}`);
  const ordered = Object.fromEntries(names.map((name) => [name, scores[name]]));
  return { scores: { score: weightedMean(dimensions, ordered), dimensionScores: ordered } };
}

function refuse(code: ScoreRefusal['code'], pointer: string, rule: string, message: string, value?: unknown): { refusal: ScoreRefusal } {
  return { refusal: { code, detail: { pointer, rule, message, ...(value !== undefined && { value: shorten(value) }) } } };
}

function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

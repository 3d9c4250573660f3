// Pair building as SQL, in three relations: `effective` ratings -> `scored` completions -> pairs. A million
// ratings never pass through Node. What it means is written plainly in pair-rules.fixture.ts.
import { isGold } from '#src/ratings/gold-sql.js';
import type { PairSetConfig } from './pair-set-config.js';
import { decidedCandidates } from './preference-sql.js';
import { notOfPilots, pairKey, split, tieKey, type Parameters } from './sql-parts.js';

type RatingRules = Pick<PairSetConfig, 'promptSetId' | 'completionBatchId' | 'labelerIds' | 'includeGold' | 'includePilots' | 'minimumRatings'>;
type ScoreRules = Pick<PairSetConfig, 'aggregation' | 'pairWeights' | 'seed' | 'evalFraction'>;

/**
 * Ratings that count: not superseded, of the criterion version, within the restrictions, the latest of each labeler and
 * completion (who meets a completion again, in another batch, has not two opinions of it), enough per completion.
 */
export function effectiveRatings(criterionVersionId: string, config: RatingRules, p: Parameters): string {
  const conditions = [`r.criterion_version_id = ${p.add(criterionVersionId, 'uuid')}`];
  if (config.promptSetId) {
    const set = p.add(config.promptSetId, 'uuid');
    conditions.push(`c.prompt_id IN (SELECT prompt_id FROM prompt_set_members WHERE prompt_set_id = ${set})`);
  }
  if (config.completionBatchId) conditions.push(`c.batch_id = ${p.add(config.completionBatchId, 'uuid')}`);
  if (config.labelerIds) conditions.push(`r.labeler_id = ANY(${p.add(config.labelerIds, 'uuid[]')})`);
  if (!config.includeGold) conditions.push(`NOT ${isGold('r.completion_id', 'r.criterion_version_id')}`);
  if (!config.includePilots) conditions.push(notOfPilots('r'));
  return `
    SELECT id, completion_id, prompt_id, labeler_id, score FROM (
      SELECT latest.*, count(*) OVER (PARTITION BY completion_id) AS ratings FROM (
        SELECT DISTINCT ON (r.completion_id, r.labeler_id) r.id, r.completion_id, c.prompt_id, r.labeler_id, r.score
        FROM ratings r JOIN completions c ON c.id = r.completion_id
        WHERE ${conditions.join(' AND ')}
          AND NOT EXISTS (SELECT FROM ratings later WHERE later.supersedes_id = r.id AND later.supersedes_id IS NOT NULL)
        ORDER BY r.completion_id, r.labeler_id, r.id DESC) latest) counted
    WHERE ratings >= ${p.add(config.minimumRatings, 'int')}`;
}

/** The ratings that a set has recorded as its own; they cannot change, so neither can what follows from them. */
export function recordedRatings(pairSetId: string, p: Parameters): string {
  return `
    SELECT r.id, r.completion_id, c.prompt_id, r.labeler_id, r.score
    FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id JOIN completions c ON c.id = r.completion_id
    WHERE m.pair_set_id = ${p.add(pairSetId, 'uuid')}`;
}

/**
 * One row per completion; `trust` is the sum of its labelers' weights where pairs get some. Sums are numeric, hence exact, hence the same in whatever order a plan adds them;
 * a mean that wavered in its last bit would make and unmake ties.
 *
 * @param pairSetId whose labelers' weights count, when these do
 */
export function scoredCompletions(source: string, config: ScoreRules, p: Parameters, pairSetId?: string): string {
  const seed = p.add(String(config.seed), 'text');
  return `
    SELECT s.*, ${tieKey('completion_id', seed)} AS tie_key,
           ${split('q', config, p)} AS split
    FROM (${aggregated(source, config, p, pairSetId)}) s
    JOIN prompts q ON q.id = s.prompt_id`;
}

function aggregated(source: string, { aggregation, pairWeights }: ScoreRules, p: Parameters, pairSetId?: string): string {
  const trusted = pairWeights === 'reliability' && pairSetId !== undefined;
  const weighed = aggregation === 'reliability-weighted';
  if (weighed && pairSetId === undefined) throw new Error('weights belong to a pair set');
  const rows =
    weighed || trusted
      ? `(${source}) source JOIN pair_set_labeler_weights w ON w.labeler_id = source.labeler_id AND w.pair_set_id = ${p.add(pairSetId, 'uuid')}`
      : `(${source}) source`;
  const trust = trusted ? 'sum(weight)' : 'NULL::numeric';
  const simple = (score: string) => `
    SELECT completion_id, prompt_id, count(*)::int AS ratings, ${score} AS score, ${trust} AS trust
    FROM ${rows} GROUP BY completion_id, prompt_id`;
  switch (aggregation) {
    case 'mean':
      return simple('sum(score::numeric)::float8 / count(*)');
    case 'median':
      return simple('percentile_cont(0.5) WITHIN GROUP (ORDER BY score)');
    case 'majority':
      return `
        SELECT completion_id, prompt_id, sum(given)::int AS ratings,
               (sum(score::numeric) FILTER (WHERE given = most))::float8 / count(*) FILTER (WHERE given = most) AS score,
               sum(trust) AS trust
        FROM (SELECT completion_id, prompt_id, score, count(*) AS given, ${trust} AS trust,
                     max(count(*)) OVER (PARTITION BY completion_id) AS most
              FROM ${rows} GROUP BY completion_id, prompt_id, score) levels
        GROUP BY completion_id, prompt_id`;
    case 'reliability-weighted':
      return simple('sum(score::numeric * weight)::float8 / sum(weight)::float8');
  }
}

/**
 * All pairs that the rules allow, preferred first; hashes are compared as uuids, that is, as 16 bytes.
 *
 * @param decided relation of the pairs that votes decide; scores have no say in them
 */
export function candidatePairs(scored: string, decided: string, config: PairSetConfig, p: Parameters): string {
  const preferred = `a.score > b.score AND a.score - b.score >= ${p.add(config.minimumMargin, 'float8')}`;
  const tied = `a.score = b.score AND a.tie_key < b.tie_key`;
  return `
    SELECT a.prompt_id, a.split, a.completion_id AS chosen_id, b.completion_id AS rejected_id,
           a.score AS chosen_score, b.score AS rejected_score, a.score = b.score AS tie, ${differenceReliability} AS weight,
           ${pairKey('least(a.completion_id, b.completion_id)', 'greatest(a.completion_id, b.completion_id)', p.add(String(config.seed), 'text'))} AS pair_key
    FROM ${scored} a JOIN ${scored} b
      ON a.prompt_id = b.prompt_id AND (${preferred}${config.ties === 'keep' ? ` OR ${tied}` : ''})
    WHERE NOT EXISTS (SELECT FROM ${decided} d WHERE d.first_id = least(a.completion_id, b.completion_id)
                        AND d.second_id = greatest(a.completion_id, b.completion_id))
    UNION ALL ${decidedCandidates(decided, config, p)}`;
}

/** See the function of this name in pair-rules.fixture.ts. */
const differenceReliability = '2 / (2 + 1 / a.trust::float8 + 1 / b.trust::float8)';

/** The candidates, or the seeded sample of them. */
export function selectedPairs(candidates: string, config: PairSetConfig, p: Parameters): string {
  if (config.strategy === 'all') return `SELECT * FROM ${candidates} candidate`;
  return `
    SELECT * FROM (
      SELECT *, row_number() OVER (PARTITION BY prompt_id ORDER BY pair_key) AS place FROM ${candidates} candidate) placed
    WHERE place <= ${p.add(config.pairsPerPrompt, 'int')}`;
}

/** How many pairs there could be at all, and how many of those are ties, without making them. */
export function possibleCounts(scored: string, decided: string): string {
  return `
    WITH judged AS (
      SELECT prompt_id, completion_id FROM ${scored} s
      UNION SELECT prompt_id, first_id FROM ${decided} d UNION SELECT prompt_id, second_id FROM ${decided} d),
    equal AS (
      SELECT coalesce(sum(n * (n - 1) / 2), 0) AS pairs FROM (SELECT count(*) AS n FROM ${scored} t GROUP BY prompt_id, score) levels),
    votes AS (
      SELECT count(*) AS pairs, count(*) FILTER (WHERE a.score IS NULL OR b.score IS NULL) AS unscored,
             count(*) FILTER (WHERE a.score = b.score) AS equal, count(*) FILTER (WHERE net = 0) AS ties
      FROM ${decided} d LEFT JOIN ${scored} a ON a.completion_id = d.first_id LEFT JOIN ${scored} b ON b.completion_id = d.second_id)
    SELECT (SELECT coalesce(sum(ratings), 0)::float8 FROM ${scored} s) AS ratings,
           (SELECT count(*)::float8 FROM judged) AS completions,
           (SELECT count(DISTINCT prompt_id)::int FROM judged) AS prompts,
           (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM (SELECT count(*) AS n FROM ${scored} s GROUP BY prompt_id) scored)::float8
             + votes.unscored::float8 AS "possiblePairs",
           (equal.pairs - votes.equal + votes.ties)::float8 AS ties, votes.pairs::float8 AS "decidedByPreference"
    FROM equal, votes`;
}

// Rankings and comparisons as SQL: standing preferences -> votes on pairs -> pairs that the votes decide. Between two
// completions the labelers who judged them against each other are asked first; aggregated scores decide the rest.
import { touchesGold } from '#src/ratings/gold-sql.js';
import type { PairSetConfig } from './pair-set-config.js';
import { notOfPilots, pairKey, split, tieKey, type Parameters } from './sql-parts.js';

/** Preferences that count: not superseded, of the criterion version, within the restrictions. */
export function effectivePreferences(criterionVersionId: string, config: PairSetConfig, p: Parameters): string {
  const conditions = [`f.criterion_version_id = ${p.add(criterionVersionId, 'uuid')}`];
  if (config.promptSetId) {
    const set = p.add(config.promptSetId, 'uuid');
    conditions.push(`f.prompt_id IN (SELECT prompt_id FROM prompt_set_members WHERE prompt_set_id = ${set})`);
  }
  if (config.labelerIds) conditions.push(`f.labeler_id = ANY(${p.add(config.labelerIds, 'uuid[]')})`);
  if (!config.includePilots) conditions.push(notOfPilots('f'));
  return `
    SELECT f.id FROM preferences f
    WHERE ${conditions.join(' AND ')} AND NOT EXISTS (SELECT FROM preferences later WHERE later.supersedes_id = f.id)`;
}

/** The preferences that a set has recorded as its own. */
export function recordedPreferences(pairSetId: string, p: Parameters): string {
  return `SELECT preference_id AS id FROM pair_set_preferences WHERE pair_set_id = ${p.add(pairSetId, 'uuid')}`;
}

/**
 * One row per pair of completions that has enough votes and a majority: `net` is votes for the first less votes for the
 * second, ties counting as votes for neither, and `votes` all of them, each by the weight of its labeler where the set is
 * `reliability-weighted`. A labeler has one vote on a pair, the latest. Weights are numeric, hence sums exact. `trust` is the
 * sum of the weights where pairs get some. Where ties are kept, a `net` of 0 decides too, that neither is better.
 *
 * @param source rows of preference ids
 * @param pairSetId whose labelers' weights count, when these do
 */
export function decidedPairs(source: string, config: PairSetConfig, p: Parameters, pairSetId?: string): string {
  const conditions = ['a.completion_id', 'b.completion_id'].flatMap((completion) =>
    config.completionBatchId ? [`${completion} IN (SELECT id FROM completions WHERE batch_id = ${p.add(config.completionBatchId, 'uuid')})`] : [],
  );
  if (!config.includeGold) conditions.push(`NOT (${touchesGold('a.completion_id', 'b.completion_id', 'f.criterion_version_id')})`);
  const weighed = config.aggregation === 'reliability-weighted';
  const trusted = config.pairWeights === 'reliability' && pairSetId !== undefined;
  if (weighed && pairSetId === undefined) throw new Error('weights belong to a pair set');
  const weights =
    weighed || trusted
      ? `JOIN pair_set_labeler_weights w ON w.labeler_id = f.labeler_id AND w.pair_set_id = ${p.add(pairSetId, 'uuid')}`
      : '';
  return `
    SELECT voted.*, ${split('q', config, p)} AS split
    FROM (
      SELECT prompt_id, first_id, second_id, sum(vote * weight) AS net, sum(weight) AS votes, sum(trust) AS trust
      FROM (
        SELECT DISTINCT ON (a.completion_id, b.completion_id, f.labeler_id)
               f.prompt_id, a.completion_id AS first_id, b.completion_id AS second_id, sign(b.rank - a.rank)::numeric AS vote,
               ${weighed ? 'w.preference_weight' : '1::numeric'} AS weight, ${trusted ? 'w.preference_weight' : 'NULL::numeric'} AS trust
        FROM (${source}) source
        JOIN preferences f ON f.id = source.id
        ${weights}
        JOIN preference_ranks a ON a.preference_id = f.id
        JOIN preference_ranks b ON b.preference_id = f.id AND a.completion_id < b.completion_id
        WHERE ${['true', ...conditions].join(' AND ')}
        ORDER BY a.completion_id, b.completion_id, f.labeler_id, f.id DESC) latest
      GROUP BY 1, 2, 3
      HAVING ${config.ties === 'keep' ? 'true' : 'sum(vote * weight) <> 0'} AND count(*) >= ${p.add(config.minimumRatings, 'int')}) voted
    JOIN prompts q ON q.id = voted.prompt_id`;
}

/** The decided pairs as candidates; each side's score is its share of the votes, a tie being half a vote for both. */
export function decidedCandidates(decided: string, config: PairSetConfig, p: Parameters): string {
  const seed = p.add(String(config.seed), 'text');
  // Ties come in the order that those of scores do.
  const firstWins = `net > 0 OR net = 0 AND ${tieKey('first_id', seed)} < ${tieKey('second_id', seed)}`;
  return `
    SELECT prompt_id, split, CASE WHEN ${firstWins} THEN first_id ELSE second_id END AS chosen_id,
           CASE WHEN ${firstWins} THEN second_id ELSE first_id END AS rejected_id,
           (votes + abs(net))::float8 / (2 * votes)::float8 AS chosen_score,
           (votes - abs(net))::float8 / (2 * votes)::float8 AS rejected_score,
           net = 0 AS tie, trust::float8 / (1 + trust::float8) AS weight,
           ${pairKey('first_id', 'second_id', seed)} AS pair_key
    FROM ${decided} decided`;
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { comparedGold, goldPassed } from '#src/ratings/gold-sql.js';
import { Rating } from '#src/ratings/rating.entity.js';
import type { OwnRating } from './labeler-figures.js';
import type { RobustCentre } from './modified-z.js';

export interface SharedAnswer {
  completionId: string;
  labelerId: string;
  level: number;
}

const stands = (row: string) => `NOT EXISTS (SELECT FROM ratings later WHERE later.supersedes_id = ${row}.id)`;

/** What is known of one labeler under one criterion version; each statement looks at a bounded number of ratings. */
@Injectable()
export class LabelerQualityRepository {
  constructor(@InjectRepository(Rating) private readonly rows: Repository<Rating>) {}

  async latestVersion(labelerId: string): Promise<string | undefined> {
    const [row]: { id: string }[] = await this.rows.query(
      `SELECT criterion_version_id AS id FROM (
         (SELECT id AS judgement, criterion_version_id FROM ratings WHERE labeler_id = $1 ORDER BY id DESC LIMIT 1)
         UNION ALL
         (SELECT id, criterion_version_id FROM preferences WHERE labeler_id = $1 ORDER BY id DESC LIMIT 1)) latest
       ORDER BY judgement DESC LIMIT 1`,
      [labelerId],
    );
    return row?.id;
  }

  /**
   * The labeler's latest ratings, oldest first, each beside what others gave to the completion.
   *
   * @param among only this vendor's labelers are others; null takes all
   */
  ownRatings(labelerId: string, criterionVersionId: string, among: string | null, limit: number): Promise<OwnRating[]> {
    return this.rows.query(
      `WITH own AS MATERIALIZED (
         SELECT r.id, r.completion_id, r.score, r.position, r.time_spent_ms FROM ratings r
         WHERE r.labeler_id = $1 AND r.criterion_version_id = $2 AND ${stands('r')} ORDER BY r.id DESC LIMIT $3),
       others AS (
         SELECT r.completion_id, count(*)::int AS n, sum(r.score) AS sum, sum(r.score * r.score) AS squares FROM ratings r
         WHERE r.completion_id IN (SELECT completion_id FROM own) AND r.criterion_version_id = $2 AND r.labeler_id <> $1
           AND ($4::uuid IS NULL OR r.vendor_id = $4) AND ${stands('r')} GROUP BY r.completion_id)
       SELECT own.score, own.position, own.time_spent_ms AS "timeSpentMs", coalesce(others.n, 0) AS others,
              coalesce(others.sum, 0) AS "othersSum", coalesce(others.squares, 0) AS "othersSquares"
       FROM own LEFT JOIN others ON others.completion_id = own.completion_id ORDER BY own.id`,
      [labelerId, criterionVersionId, limit, among],
    );
  }

  /** Median and MAD of the logarithms of the latest times under the version; null where nobody's time is known. */
  async timeCentre(criterionVersionId: string, limit: number): Promise<RobustCentre | null> {
    const [centre]: RobustCentre[] = await this.rows.query(
      `WITH recent AS MATERIALIZED (
         SELECT ln(greatest(time_spent_ms, 1)) AS t FROM ratings
         WHERE criterion_version_id = $1 AND time_spent_ms IS NOT NULL ORDER BY id DESC LIMIT $2),
       centre AS MATERIALIZED (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) AS median FROM recent)
       SELECT median, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(t - median)) FROM recent) AS mad FROM centre`,
      [criterionVersionId, limit],
    );
    return centre.median === null ? null : centre;
  }

  async gold(labelerId: string, criterionVersionId: string): Promise<{ ratings: number; passed: number }> {
    const [gold]: { ratings: number; passed: number }[] = await this.rows.query(
      `SELECT count(*)::int AS ratings, count(*) FILTER (WHERE passed)::int AS passed FROM (
         SELECT ${goldPassed('r', 'g')} AS passed
         FROM gold_items g JOIN ratings r ON r.completion_id = g.completion_id AND r.criterion_version_id = g.criterion_version_id
         WHERE g.criterion_version_id = $2 AND g.retired_at IS NULL AND g.worse_completion_id IS NULL AND r.labeler_id = $1 AND ${stands('r')}
         UNION ALL
         SELECT passed FROM (${comparedGold}) compared WHERE criterion_version_id = $2 AND retired_at IS NULL AND labeler_id = $1) answers`,
      [labelerId, criterionVersionId],
    );
    return gold;
  }

  /**
   * All answers to the latest completions that the labeler shares with others.
   *
   * @param among as of `ownRatings`
   * @param borders between the levels of the scale
   */
  sharedAnswers(
    labelerId: string,
    criterionVersionId: string,
    among: string | null,
    borders: readonly number[],
    completions: number,
  ): Promise<SharedAnswer[]> {
    return this.rows.query(
      `WITH shared AS MATERIALIZED (
         SELECT r.completion_id FROM ratings r
         WHERE r.labeler_id = $1 AND r.criterion_version_id = $2
           AND EXISTS (SELECT FROM ratings o WHERE o.completion_id = r.completion_id AND o.criterion_version_id = $2 AND o.labeler_id <> $1
                         AND ($5::uuid IS NULL OR o.vendor_id = $5))
         GROUP BY r.completion_id ORDER BY max(r.id::text) DESC LIMIT $4)
       SELECT r.completion_id AS "completionId", r.labeler_id AS "labelerId", width_bucket(r.score, $3::float8[]) AS level
       FROM ratings r WHERE r.completion_id IN (SELECT completion_id FROM shared) AND r.criterion_version_id = $2
         AND ($5::uuid IS NULL OR r.vendor_id = $5) AND ${stands('r')}
       ORDER BY r.completion_id, r.labeler_id, r.id`,
      [labelerId, criterionVersionId, borders, completions, among],
    );
  }

  /** Of rankings and comparisons that hold no tie for the first place: how often what was shown first came first. */
  async firstShown(labelerId: string, criterionVersionId: string): Promise<{ judged: number; firstPreferred: number; expected: number }> {
    const [row]: { judged: number; firstPreferred: number; expected: number }[] = await this.rows.query(
      `SELECT count(*)::int AS judged, count(*) FILTER (WHERE first_shown_best)::int AS "firstPreferred",
              coalesce(sum(1.0 / completions), 0)::float8 AS expected
       FROM (SELECT p.id, count(*) AS completions, count(*) FILTER (WHERE k.rank = 1) AS best,
                    bool_or(k.rank = 1 AND k.position = 0) AS first_shown_best, count(k.position) AS positions
             FROM preferences p JOIN preference_ranks k ON k.preference_id = p.id
             WHERE p.labeler_id = $1 AND p.criterion_version_id = $2
               AND NOT EXISTS (SELECT FROM preferences later WHERE later.supersedes_id = p.id)
             GROUP BY p.id) orders
       WHERE best = 1 AND positions = completions`,
      [labelerId, criterionVersionId],
    );
    return row;
  }
}

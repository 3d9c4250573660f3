import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Preference } from '#src/ratings/preference.entity.js';
import type { RobustCentre } from './modified-z.js';

/** How long a ranking or comparison took per completion in it: four take longer to rank than two to compare. */
export interface PreferenceTime {
  /** Null where unknown. */
  timeSpentMs: number | null;
}

const perCompletion = `p.time_spent_ms::float8 / (SELECT count(*) FROM preference_ranks k WHERE k.preference_id = p.id)`;

/** Each statement looks at a bounded number of preferences. */
@Injectable()
export class PreferenceTimesRepository {
  constructor(@InjectRepository(Preference) private readonly rows: Repository<Preference>) {}

  /** Of the labeler's latest rankings and comparisons that nothing supersedes. */
  own(labelerId: string, criterionVersionId: string, limit: number): Promise<PreferenceTime[]> {
    return this.rows.query(
      `SELECT ${perCompletion} AS "timeSpentMs" FROM preferences p
       WHERE p.labeler_id = $1 AND p.criterion_version_id = $2
         AND NOT EXISTS (SELECT FROM preferences later WHERE later.supersedes_id = p.id)
       ORDER BY p.id DESC LIMIT $3`,
      [labelerId, criterionVersionId, limit],
    );
  }

  /** Median and MAD of the logarithms of everybody's latest; null where nobody's time is known. */
  async centre(criterionVersionId: string, limit: number): Promise<RobustCentre | null> {
    const [centre]: RobustCentre[] = await this.rows.query(
      `WITH recent AS MATERIALIZED (
         SELECT ln(greatest(${perCompletion}, 1)) AS t FROM preferences p
         WHERE p.criterion_version_id = $1 AND p.time_spent_ms IS NOT NULL ORDER BY p.id DESC LIMIT $2),
       centre AS MATERIALIZED (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) AS median FROM recent)
       SELECT median, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(t - median)) FROM recent) AS mad FROM centre`,
      [criterionVersionId, limit],
    );
    return centre.median === null ? null : centre;
  }
}

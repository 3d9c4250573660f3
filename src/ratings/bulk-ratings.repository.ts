import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { copyLine, copyRows } from '#src/database/copy-rows.js';
import type { Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { Rating } from './rating.entity.js';
import { ofVendor } from './ratings.repository.js';
import { leasedTo } from './vendor-view.js';

export type BulkRating = Omit<Rating, 'vendorId' | 'createdAt'>;

/** The set-based side of ratings: each method is one statement for a whole chunk of lines. */
@Injectable()
export class BulkRatingsRepository {
  constructor(@InjectRepository(Rating) private readonly rows: Repository<Rating>) {}

  /** Id of each completion that is there for the vendor, by what the lines called it. */
  async completionIds(keys: string[], by: 'id' | 'externalId', vendorId: string | null): Promise<Map<string, string>> {
    if (keys.length === 0) return new Map();
    const found: { key: string; id: string }[] =
      by === 'id'
        ? await this.rows.query(`SELECT id AS key, id FROM completions c WHERE id = ANY($1::uuid[]) AND ${leasedTo('c', 2)}`, [list(keys), vendorId])
        : await this.rows.query(`SELECT external_id AS key, id FROM completions c WHERE external_id = ANY($1) AND ${leasedTo('c', 2)}`, [keys, vendorId]);
    return new Map(found.map((row) => [row.key, row.id]));
  }

  /** The same for labelers of one vendor. */
  async labelerIds(keys: string[], by: 'id' | 'externalId', vendorId: string | null): Promise<Map<string, string>> {
    if (keys.length === 0) return new Map();
    const column = by === 'id' ? 'id::text' : 'external_id';
    const found: { key: string; id: string }[] = await this.rows.query(
      `SELECT ${column} AS key, id FROM labelers l WHERE ${column} = ANY($1::text[]) AND ${ofVendor('l', 2)}`,
      [keys, vendorId],
    );
    return new Map(found.map((row) => [row.key, row.id]));
  }

  /** All of them by COPY, twice as fast as `insertNew`; false when an external id is taken: then none went in. */
  async copyNew(ratings: BulkRating[], vendorId: string | null): Promise<boolean> {
    try {
      let text = '';
      for (const rating of ratings) text += copyLine(fieldsOf(rating, vendorId));
      await copyRows(this.rows.manager.dataSource, `ratings (${copiedColumns})`, text);
      return true;
    } catch (error) {
      if (brokenUnique(error) === 'ratings_external') return false;
      throw error;
    }
  }

  /** How many went in; the others have an external id that is taken, by a stored rating or by one in `ratings`. */
  async insertNew(ratings: BulkRating[], vendorId: string | null, tx?: Transaction): Promise<number> {
    const column = <K extends keyof BulkRating>(name: K) => ratings.map((rating) => rating[name]);
    const [{ inserted }]: { inserted: number }[] = await (tx ?? this.rows).query(
      `WITH inserted AS (
         INSERT INTO ratings (id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms,
                              rationale, external_id, dimension_scores, flags, labeling_task_id, supersedes_id, vendor_id)
         SELECT id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms, rationale, external_id,
                dimension_scores::jsonb, flags::text[], labeling_task_id, supersedes_id, $14::uuid
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::int[], $7::int[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::uuid[], $13::uuid[])
           AS given (id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms, rationale,
                     external_id, dimension_scores, flags, labeling_task_id, supersedes_id)
         ON CONFLICT (vendor_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
         RETURNING 1)
       SELECT count(*)::int AS inserted FROM inserted`,
      [
        list(column('id')),
        list(column('completionId')),
        list(column('criterionVersionId')),
        list(column('labelerId')),
        list(column('score')),
        list(column('position')),
        list(column('timeSpentMs')),
        column('rationale'),
        column('externalId'),
        ratings.map(({ dimensionScores }) => dimensionScores && JSON.stringify(dimensionScores)),
        // Flags are words: an array literal of them needs no quoting.
        ratings.map(({ flags }) => list(flags)),
        list(column('labelingTaskId')),
        list(column('supersedesId')),
        vendorId,
      ],
    );
    return inserted;
  }

  async byExternalIds(externalIds: string[], vendorId: string | null, tx?: Transaction): Promise<Map<string, Rating>> {
    const found = await (tx?.getRepository(Rating) ?? this.rows)
      .createQueryBuilder('r')
      .where('r.external_id = ANY(:externalIds)', { externalIds })
      .andWhere('r.vendor_id IS NOT DISTINCT FROM :vendorId::uuid', { vendorId })
      .getMany();
    return new Map(found.map((rating) => [rating.externalId!, rating]));
  }
}

const copiedColumns = `id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms, rationale, external_id,
  dimension_scores, flags, labeling_task_id, supersedes_id, vendor_id`;

function fieldsOf(rating: BulkRating, vendorId: string | null): (string | number | null)[] {
  return [
    rating.id,
    rating.completionId,
    rating.criterionVersionId,
    rating.labelerId,
    rating.score,
    rating.position,
    rating.timeSpentMs,
    rating.rationale,
    rating.externalId,
    rating.dimensionScores && JSON.stringify(rating.dimensionScores),
    list(rating.flags),
    rating.labelingTaskId,
    rating.supersedesId,
    vendorId,
  ];
}

/** An array literal of values that need no quoting: several times faster than the driver's own. */
function list(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

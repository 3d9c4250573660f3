import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { Rating } from './rating.entity.js';
import { leasedTo } from './vendor-view.js';

/** A row to be inserted, with the completion and the labeler as the caller named them. */
export type NamedRating = Omit<Rating, 'completionId' | 'labelerId' | 'createdAt' | 'supersedesId' | 'labelingTaskId'> & {
  completion: { id: string } | { externalId: string };
  labeler: { id: string } | { externalId: string };
};

export interface RatingFilter {
  completionId?: string;
  criterionVersionId?: string;
  labelerId?: string;
  includeSuperseded?: boolean;
}

@Injectable()
export class RatingsRepository {
  constructor(@InjectRepository(Rating) private readonly rows: Repository<Rating>) {}

  /**
   * Looks up completion and labeler and inserts, in one round trip. Null when one of them is not there or
   * the external id is taken: `whyNot` then finds out which.
   */
  async insertNamed(rating: NamedRating): Promise<Rating | null> {
    const inserted: { completionId: string; labelerId: string; createdAt: Date }[] = await this.rows.query(
      `INSERT INTO ratings (id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms,
                            rationale, vendor_id, external_id, dimension_scores, flags)
       SELECT $1::uuid, c.id, $2::uuid, l.id, $3::float8, $4::int, $5::int, $6::text, $7::uuid, $8::text, $11::jsonb,
              $12::text[]
       FROM completions c, labelers l
       WHERE ${'id' in rating.completion ? 'c.id' : 'c.external_id'} = $9
         AND ${'id' in rating.labeler ? 'l.id' : 'l.external_id'} = $10 AND ${ofVendor('l', 7)}
         AND ${leasedTo('c', 7)}
       ON CONFLICT (vendor_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
       RETURNING completion_id AS "completionId", labeler_id AS "labelerId", created_at AS "createdAt"`,
      [
        rating.id,
        rating.criterionVersionId,
        rating.score,
        rating.position,
        rating.timeSpentMs,
        rating.rationale,
        rating.vendorId,
        rating.externalId,
        key(rating.completion),
        key(rating.labeler),
        rating.dimensionScores && JSON.stringify(rating.dimensionScores),
        rating.flags,
      ],
    );
    if (inserted.length === 0) return null;
    return {
      id: rating.id,
      criterionVersionId: rating.criterionVersionId,
      score: rating.score,
      dimensionScores: rating.dimensionScores,
      position: rating.position,
      timeSpentMs: rating.timeSpentMs,
      rationale: rating.rationale,
      flags: rating.flags,
      vendorId: rating.vendorId,
      externalId: rating.externalId,
      supersedesId: null,
      labelingTaskId: null,
      ...inserted[0],
    };
  }

  async whyNot(rating: NamedRating): Promise<'completion' | 'labeler' | 'externalId'> {
    const [found]: { completion: boolean; labeler: boolean }[] = await this.rows.query(
      `SELECT EXISTS (SELECT FROM completions c WHERE ${'id' in rating.completion ? 'c.id' : 'c.external_id'} = $1
                        AND ${leasedTo('c', 3)}) AS completion,
              EXISTS (SELECT FROM labelers l WHERE ${'id' in rating.labeler ? 'l.id' : 'l.external_id'} = $2
                        AND ${ofVendor('l', 3)}) AS labeler`,
      [key(rating.completion), key(rating.labeler), rating.vendorId],
    );
    return !found.completion ? 'completion' : !found.labeler ? 'labeler' : 'externalId';
  }

  /** The ids of what a rating names; null where one of them is not there. */
  async resolved({ completion, labeler, vendorId }: NamedRating): Promise<{ completionId: string; labelerId: string } | null> {
    const [found]: { completionId: string; labelerId: string }[] = await this.rows.query(
      `SELECT c.id AS "completionId", l.id AS "labelerId" FROM completions c, labelers l
       WHERE ${'id' in completion ? 'c.id' : 'c.external_id'} = $1 AND ${'id' in labeler ? 'l.id' : 'l.external_id'} = $2
         AND ${ofVendor('l', 3)}`,
      [key(completion), key(labeler), vendorId],
    );
    return found ?? null;
  }

  async insert(rating: Omit<Rating, 'createdAt'>): Promise<Rating> {
    await this.rows.insert(rating);
    return this.rows.findOneByOrFail({ id: rating.id });
  }

  /** @param vendorId whose ratings are seen; null sees all */
  find(vendorId: string | null, id: string): Promise<Rating | null> {
    return this.rows.findOneBy({ id, ...(vendorId !== null && { vendorId }) });
  }

  /** Ratings that answer a labeling task and stand, in the order shown. */
  standingOfTask(labelingTaskId: string): Promise<Rating[]> {
    return this.rows
      .createQueryBuilder('r')
      .where('r.labelingTaskId = :labelingTaskId', { labelingTaskId })
      .andWhere('NOT EXISTS (SELECT FROM ratings s WHERE s.supersedes_id = r.id)')
      .orderBy('r.position')
      .getMany();
  }

  findSuccessor(id: string): Promise<Rating | null> {
    return this.rows.findOneBy({ supersedesId: id });
  }

  findByExternalId(vendorId: string | null, externalId: string): Promise<Rating | null> {
    return this.rows.findOneBy({ vendorId: vendorId ?? IsNull(), externalId });
  }

  page(vendorId: string | null, filter: RatingFilter, request: PageRequest): Promise<Rating[]> {
    const query = this.rows.createQueryBuilder('r').orderBy('r.id').limit(request.limit + 1);
    if (vendorId !== null) query.andWhere('r.vendorId = :vendorId', { vendorId });
    if (request.after) query.andWhere('r.id > :after', { after: request.after });
    if (filter.completionId) query.andWhere('r.completionId = :completionId', filter);
    if (filter.criterionVersionId) query.andWhere('r.criterionVersionId = :criterionVersionId', filter);
    if (filter.labelerId) query.andWhere('r.labelerId = :labelerId', filter);
    if (!filter.includeSuperseded) query.andWhere('NOT EXISTS (SELECT FROM ratings s WHERE s.supersedes_id = r.id)');
    return query.getMany();
  }
}

/** Callers rate through labelers of their own vendor; one without a vendor, through those that have none. */
export function ofVendor(table: string, parameter: number): string {
  return `${table}.vendor_id IS NOT DISTINCT FROM $${parameter}::uuid`;
}

function key(named: { id: string } | { externalId: string }): string {
  return 'id' in named ? named.id : named.externalId;
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { Database, type Transaction } from '#src/database/database.js';
import { EntityRows } from '#src/database/entity-rows.js';
import { brokenUnique } from '#src/database/errors.js';
import type { NewRating } from './rating-rules.js';
import { Rating } from './rating.entity.js';
import { ofVendor } from './references.repository.js';
import { leasedTo } from './vendor-view.js';

/** A completion or a labeler as the caller named it. */
type Named = { id: string } | { externalId: string };

export interface NamedRating {
  /** The ids of completion and labeler are yet to be found. */
  row: NewRating;
  completion: Named;
  labeler: Named;
}

export interface RatingFilter {
  completionId?: string;
  criterionVersionId?: string;
  labelerId?: string;
  includeSuperseded?: boolean;
}

@Injectable()
export class RatingsRepository {
  private readonly set: EntityRows<Rating>;

  constructor(
    private readonly database: Database,
    @InjectRepository(Rating) private readonly rows: Repository<Rating>,
  ) {
    this.set = new EntityRows(rows);
  }

  /**
   * Looks up completion and labeler and inserts, in one round trip. Null when one of them is not there or
   * the external id is taken: `whyNot` then finds out which.
   */
  async insertNamed({ row, completion, labeler }: NamedRating): Promise<Rating | null> {
    const { select, values } = this.set.one(row, { completionId: 'c.id', labelerId: 'l.id' });
    const vendor = values.push(row.vendorId);
    const inserted: Pick<Rating, 'completionId' | 'labelerId' | 'createdAt'>[] = await this.rows.query(
      `INSERT INTO ratings (${this.set.columns})
       SELECT ${select} FROM completions c, labelers l
       WHERE ${column('c', completion)} = $${values.push(key(completion))}
         AND ${column('l', labeler)} = $${values.push(key(labeler))} AND ${ofVendor('l', vendor)}
         AND ${leasedTo('c', vendor)}
       ON CONFLICT (vendor_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
       RETURNING completion_id AS "completionId", labeler_id AS "labelerId", created_at AS "createdAt"`,
      values,
    );
    return inserted.length === 0 ? null : { ...row, ...inserted[0] };
  }

  /** All of them by COPY, twice as fast as `insertNew`; false when an external id is taken: then none went in. */
  async copyNew(ratings: NewRating[]): Promise<boolean> {
    try {
      await this.database.transaction(() => this.set.copy(ratings));
      return true;
    } catch (error) {
      if (brokenUnique(error) === 'ratings_external') return false;
      throw error;
    }
  }

  /** How many went in; the others have an external id that is taken, by a stored rating or by one in `ratings`. */
  async insertNew(ratings: NewRating[], tx?: Transaction): Promise<number> {
    const [{ inserted }]: { inserted: number }[] = await (tx ?? this.rows).query(
      `WITH inserted AS (
         INSERT INTO ratings (${this.set.columns}) ${this.set.unnest()}
         ON CONFLICT (vendor_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
         RETURNING 1)
       SELECT count(*)::int AS inserted FROM inserted`,
      this.set.arrays(ratings),
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

  async whyNot({ row, completion, labeler }: NamedRating): Promise<'completion' | 'labeler' | 'externalId'> {
    const [found]: { completion: boolean; labeler: boolean }[] = await this.rows.query(
      `SELECT EXISTS (SELECT FROM completions c WHERE ${column('c', completion)} = $1 AND ${leasedTo('c', 3)}) AS completion,
              EXISTS (SELECT FROM labelers l WHERE ${column('l', labeler)} = $2 AND ${ofVendor('l', 3)}) AS labeler`,
      [key(completion), key(labeler), row.vendorId],
    );
    return !found.completion ? 'completion' : !found.labeler ? 'labeler' : 'externalId';
  }

  /** The ids of what a rating names; null where one of them is not there. */
  async resolved({ row, completion, labeler }: NamedRating): Promise<Pick<Rating, 'completionId' | 'labelerId'> | null> {
    const [found]: Pick<Rating, 'completionId' | 'labelerId'>[] = await this.rows.query(
      `SELECT c.id AS "completionId", l.id AS "labelerId" FROM completions c, labelers l
       WHERE ${column('c', completion)} = $1 AND ${column('l', labeler)} = $2 AND ${ofVendor('l', 3)}`,
      [key(completion), key(labeler), row.vendorId],
    );
    return found ?? null;
  }

  async insert(rating: NewRating): Promise<Rating> {
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

function column(table: string, named: Named): string {
  return 'id' in named ? `${table}.id` : `${table}.external_id`;
}

function key(named: Named): string {
  return 'id' in named ? named.id : named.externalId;
}

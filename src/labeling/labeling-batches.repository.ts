import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { LabelingBatch, type LabelingBatchState } from './labeling-batch.entity.js';
import { hasTask } from './task-sql.js';
import type { TaskState } from './task-state.js';

export interface TaskCount {
  vendorId: string | null;
  state: TaskState;
  count: number;
}

export type OpenBatch = Pick<LabelingBatch, 'id' | 'name' | 'mode' | 'dueAt' | 'priceNote'> & { completedByYou: number; available: number };

@Injectable()
export class LabelingBatchesRepository {
  constructor(@InjectRepository(LabelingBatch) private readonly rows: Repository<LabelingBatch>) {}

  async insert(tx: Transaction, batch: Omit<LabelingBatch, 'createdAt' | 'completedAt' | 'closedAt'>): Promise<void> {
    await tx.insert(LabelingBatch, batch);
  }

  async setItemCount(tx: Transaction, id: string, itemCount: number): Promise<void> {
    await tx.update(LabelingBatch, { id }, { itemCount });
  }

  /** @param vendorId whose batches are seen; null sees all */
  find(vendorId: string | null, id: string): Promise<LabelingBatch | null> {
    const query = this.rows.createQueryBuilder('b').where('b.id = :id', { id });
    if (vendorId !== null) query.andWhere(':vendorId = ANY(b.vendor_ids)', { vendorId });
    return query.getOne();
  }

  findIn(tx: Transaction, id: string): Promise<LabelingBatch> {
    return tx.findOneByOrFail(LabelingBatch, { id });
  }

  page(vendorId: string | null, request: PageRequest, state?: LabelingBatchState): Promise<LabelingBatch[]> {
    const query = this.rows.createQueryBuilder('b').orderBy('b.id').limit(request.limit + 1);
    if (vendorId !== null) query.andWhere(':vendorId = ANY(b.vendor_ids)', { vendorId });
    if (request.after) query.andWhere('b.id > :after', { after: request.after });
    if (state) query.andWhere('b.state = :state', { state });
    return query.getMany();
  }

  /** Open batches that a labeler of the vendor may work on, newest first; of one batch where `batchId` says so. */
  openFor(labelerId: string, vendorId: string | null, batchId: string | null): Promise<OpenBatch[]> {
    return this.rows.query(
      `SELECT b.id, b.name, b.mode, b.due_at AS "dueAt", b.price_note AS "priceNote",
         (SELECT count(*)::int FROM labeling_tasks t WHERE t.batch_id = b.id AND t.labeler_id = $1 AND t.state = 'completed') AS "completedByYou",
         (SELECT count(*)::int FROM labeling_tasks t WHERE t.batch_id = b.id AND t.state = 'available') AS available
       FROM labeling_batches b
       WHERE b.state = 'open' AND ($2::uuid IS NULL OR $2 = ANY(b.vendor_ids)) AND ($3::uuid IS NULL OR b.id = $3)
       ORDER BY b.id DESC LIMIT 100`,
      [labelerId, vendorId, batchId],
    );
  }

  /** Tasks by vendor and state; available ones have no vendor. */
  taskCounts(id: string): Promise<TaskCount[]> {
    return this.rows.query(
      `SELECT vendor_id AS "vendorId", state, count(*)::int AS count FROM labeling_tasks WHERE batch_id = $1
       GROUP BY vendor_id, state ORDER BY vendor_id NULLS FIRST`,
      [id],
    );
  }

  async unknownVendors(tx: Transaction, ids: string[]): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      `SELECT id FROM unnest($1::uuid[]) given (id) WHERE NOT EXISTS (SELECT FROM vendors v WHERE v.id = given.id)`,
      [ids],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Keeps the batch from being closed until the transaction ends. Whoever puts tasks back takes this lock before
   * that of a task, as closing does.
   */
  async lockState(tx: Transaction, id: string): Promise<LabelingBatchState> {
    const [{ state }]: { state: LabelingBatchState }[] = await tx.query(
      'SELECT state FROM labeling_batches WHERE id = $1 FOR SHARE',
      [id],
    );
    return state;
  }

  /** Null when it was not open. */
  async close(tx: Transaction, id: string): Promise<LabelingBatch | null> {
    const done = await tx.update(LabelingBatch, { id, state: 'open' }, { state: 'closed', closedAt: () => 'now()' });
    if (done.affected !== 1) return null;
    await tx.query(
      `UPDATE labeling_tasks SET state = 'closed', finished_at = now() WHERE batch_id = $1 AND state IN ('available', 'leased')`,
      [id],
    );
    return this.findIn(tx, id);
  }

  /** The state changes when nothing is left to do; null when something is, or it was not open. */
  async complete(tx: Transaction, id: string): Promise<LabelingBatch | null> {
    const done = await tx
      .createQueryBuilder()
      .update(LabelingBatch)
      .set({ state: 'completed', completedAt: () => 'now()' })
      .where(`id = :id AND state = 'open'`, { id })
      .andWhere(`NOT ${hasTask(':id', 'available')}`, { id })
      .andWhere(`NOT ${hasTask(':id', 'leased')}`, { id })
      .execute();
    return done.affected === 1 ? this.findIn(tx, id) : null;
  }

  /** Open batches without a task that is still to be done. */
  async finished(): Promise<string[]> {
    const rows: { id: string }[] = await this.rows.query(
      `SELECT b.id FROM labeling_batches b WHERE b.state = 'open'
         AND NOT ${hasTask('b.id', 'available')} AND NOT ${hasTask('b.id', 'leased')}`,
    );
    return rows.map((row) => row.id);
  }
}

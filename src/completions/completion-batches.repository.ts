import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { CompletionBatch, CompletionFailure } from './completion-batch.entity.js';
import type { PromptFailure } from './completion-source.js';

export interface CompletionBatchFilter {
  policyVersionId?: string;
}

@Injectable()
export class CompletionBatchesRepository {
  constructor(
    @InjectRepository(CompletionBatch) private readonly rows: Repository<CompletionBatch>,
    @InjectRepository(CompletionFailure) private readonly failures: Repository<CompletionFailure>,
  ) {}

  async insert(tx: Transaction, batch: Omit<CompletionBatch, 'createdAt'>): Promise<CompletionBatch> {
    await tx.insert(CompletionBatch, batch);
    return tx.findOneByOrFail(CompletionBatch, { id: batch.id });
  }

  find(id: string): Promise<CompletionBatch | null> {
    return this.rows.findOneBy({ id });
  }

  page({ policyVersionId }: CompletionBatchFilter, request: PageRequest): Promise<CompletionBatch[]> {
    const query = this.rows.createQueryBuilder('b').orderBy('b.id').limit(request.limit + 1);
    if (request.after) query.andWhere('b.id > :after', { after: request.after });
    if (policyVersionId !== undefined) query.andWhere('b.policy_version_id = :policyVersionId', { policyVersionId });
    return query.getMany();
  }

  failuresOf(batchId: string): Promise<CompletionFailure[]> {
    return this.failures.find({ where: { batchId }, order: { promptId: 'ASC' } });
  }

  pageFailures(batchId: string, request: PageRequest): Promise<CompletionFailure[]> {
    const query = this.failures.createQueryBuilder('f').where('f.batch_id = :batchId', { batchId }).orderBy('f.prompt_id').limit(request.limit + 1);
    if (request.after) query.andWhere('f.prompt_id > :after', { after: request.after });
    return query.getMany();
  }

  /** Replaces the failures of these prompts by those of this attempt. */
  async replaceFailures(tx: Transaction, batchId: string, promptIds: readonly string[], failed: readonly PromptFailure[]): Promise<void> {
    await tx.query('DELETE FROM completion_failures WHERE batch_id = $1 AND prompt_id = ANY($2)', [batchId, promptIds]);
    if (failed.length > 0) await tx.insert(CompletionFailure, failed.map((failure) => ({ batchId, ...failure })));
    await tx.query(
      'UPDATE completion_batches SET failed_count = (SELECT count(*) FROM completion_failures WHERE batch_id = $1) WHERE id = $1',
      [batchId],
    );
  }

  async addToCount(tx: Transaction, id: string, completions: number): Promise<void> {
    await tx.increment(CompletionBatch, { id }, 'completionCount', completions);
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { CompletionBatch } from './completion-batch.entity.js';

export interface CompletionBatchFilter {
  policyVersionId?: string;
}

@Injectable()
export class CompletionBatchesRepository {
  constructor(@InjectRepository(CompletionBatch) private readonly rows: Repository<CompletionBatch>) {}

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

  async addToCount(tx: Transaction, id: string, completions: number): Promise<void> {
    await tx.increment(CompletionBatch, { id }, 'completionCount', completions);
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { RewardModel } from './reward-model.entity.js';

export type NewRewardModel = Pick<RewardModel, 'id' | 'name' | 'origin'> & Partial<RewardModel>;

@Injectable()
export class RewardModelsRepository {
  constructor(@InjectRepository(RewardModel) private readonly rows: Repository<RewardModel>) {}

  async insert(tx: Transaction, row: NewRewardModel): Promise<RewardModel> {
    await tx.insert(RewardModel, row);
    return tx.findOneByOrFail(RewardModel, { id: row.id });
  }

  find(id: string): Promise<RewardModel | null> {
    return this.rows.findOneBy({ id });
  }

  findByName(name: string): Promise<RewardModel | null> {
    return this.rows.findOneBy({ name });
  }

  page(request: PageRequest, filter: { name?: string; pairSetId?: string }): Promise<RewardModel[]> {
    const query = this.rows.createQueryBuilder('model').orderBy('model.id').limit(request.limit + 1);
    if (request.after) query.andWhere('model.id > :after', { after: request.after });
    if (filter.name !== undefined) query.andWhere('model.name = :name', { name: filter.name });
    if (filter.pairSetId) query.andWhere('model.pairSetId = :pairSetId', { pairSetId: filter.pairSetId });
    return query.getMany();
  }

  /** Does nothing to one that is trained already: its numbers may be in use. */
  async finish(tx: Transaction, id: string, result: Pick<RewardModel, 'modelId' | 'evaluation' | 'verdict'>): Promise<void> {
    await tx
      .createQueryBuilder()
      .update(RewardModel)
      .set({ ...result, trainedAt: () => 'now()' })
      .where('id = :id AND trained_at IS NULL', { id })
      .execute();
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { RewardModelMember } from './reward-model.entity.js';

@Injectable()
export class RewardModelMembersRepository {
  constructor(@InjectRepository(RewardModelMember) private readonly rows: Repository<RewardModelMember>) {}

  /** Trained members, in order. */
  of(rewardModelId: string): Promise<RewardModelMember[]> {
    return this.rows.find({ where: { rewardModelId }, order: { member: 'ASC' } });
  }

  /** An existing one stays. */
  async insert(tx: Transaction, row: Omit<RewardModelMember, 'createdAt'>): Promise<void> {
    await tx.createQueryBuilder().insert().into(RewardModelMember).values(row).orIgnore().execute();
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { PolicyVersion } from './policy.entity.js';

@Injectable()
export class PolicyVersionsRepository {
  constructor(@InjectRepository(PolicyVersion) private readonly rows: Repository<PolicyVersion>) {}

  /** Inserts under the next number; rivals wait for one another. */
  async insertNext(tx: Transaction, version: Omit<PolicyVersion, 'number' | 'createdAt'>): Promise<PolicyVersion> {
    await tx.query('SELECT 1 FROM policies WHERE id = $1 FOR UPDATE', [version.policyId]);
    const number = ((await tx.maximum(PolicyVersion, 'number', { policyId: version.policyId })) ?? 0) + 1;
    await tx.insert(PolicyVersion, { ...version, number });
    return tx.findOneByOrFail(PolicyVersion, { id: version.id });
  }

  find(id: string, tx?: Transaction): Promise<PolicyVersion | null> {
    return (tx?.getRepository(PolicyVersion) ?? this.rows).findOneBy({ id });
  }

  /** Versions of a policy with a greater number than `request.after`. */
  page(policyId: string, request: PageRequest): Promise<PolicyVersion[]> {
    return this.rows
      .createQueryBuilder('v')
      .where('v.policy_id = :policyId', { policyId })
      .andWhere('v.number > :after', { after: Number(request.after ?? 0) })
      .orderBy('v.number')
      .limit(request.limit + 1)
      .getMany();
  }
}

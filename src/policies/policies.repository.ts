import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { PolicyAlias, Policy } from './policy.entity.js';

@Injectable()
export class PoliciesRepository {
  constructor(
    @InjectRepository(Policy) private readonly rows: Repository<Policy>,
    @InjectRepository(PolicyAlias) private readonly aliases: Repository<PolicyAlias>,
  ) {}

  async insert(policy: Omit<Policy, 'createdAt'>): Promise<Policy> {
    await this.rows.insert(policy);
    return this.rows.findOneByOrFail({ id: policy.id });
  }

  find(id: string): Promise<Policy | null> {
    return this.rows.findOneBy({ id });
  }

  page(request: PageRequest): Promise<Policy[]> {
    const query = this.rows.createQueryBuilder('p').orderBy('p.id').limit(request.limit + 1);
    if (request.after) query.where('p.id > :after', { after: request.after });
    return query.getMany();
  }

  async putAlias(policyId: string, alias: string, policyVersionId: string, tx?: Transaction): Promise<PolicyAlias> {
    const aliases = tx?.getRepository(PolicyAlias) ?? this.aliases;
    await aliases.upsert({ policyId, alias, policyVersionId, updatedAt: new Date() }, ['policyId', 'alias']);
    return aliases.findOneByOrFail({ policyId, alias });
  }

  findAlias(policyId: string, alias: string): Promise<PolicyAlias | null> {
    return this.aliases.findOneBy({ policyId, alias });
  }

  listAliases(policyId: string): Promise<PolicyAlias[]> {
    return this.aliases.find({ where: { policyId }, order: { alias: 'ASC' } });
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type QueryDeepPartialEntity } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import type { AuditAction } from './audit-actions.js';
import { AuditEntry } from './audit-entry.entity.js';

export interface AuditFilter {
  actor?: string;
  action?: AuditAction;
  resourceType?: string;
  resourceId?: string;
  from?: Date;
  to?: Date;
}

@Injectable()
export class AuditRepository {
  constructor(@InjectRepository(AuditEntry) private readonly rows: Repository<AuditEntry>) {}

  async append(tx: Transaction, entry: Omit<AuditEntry, 'createdAt'>): Promise<void> {
    await tx.insert(AuditEntry, entry as QueryDeepPartialEntity<AuditEntry>);
  }

  /** Newest first, one row more than the page holds. */
  page(filter: AuditFilter, request: PageRequest): Promise<AuditEntry[]> {
    const query = this.rows.createQueryBuilder('entry').orderBy('entry.id', 'DESC').limit(request.limit + 1);
    if (request.after) query.andWhere('entry.id < :after', { after: request.after });
    if (filter.actor) query.andWhere('entry.actorKeyId = :actor', { actor: filter.actor });
    if (filter.action) query.andWhere('entry.action = :action', { action: filter.action });
    if (filter.resourceType) query.andWhere('entry.resourceType = :resourceType', { resourceType: filter.resourceType });
    if (filter.resourceId) query.andWhere('entry.resourceId = :resourceId', { resourceId: filter.resourceId });
    if (filter.from) query.andWhere('entry.createdAt >= :from', { from: filter.from });
    if (filter.to) query.andWhere('entry.createdAt < :to', { to: filter.to });
    return query.getMany();
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { Preference } from './preference.entity.js';
import { leasedTo } from './vendor-view.js';
import { PreferenceRank } from './preference-rank.entity.js';

export type NewPreference = Omit<Preference, 'createdAt'>;

export interface PreferenceFilter {
  criterionVersionId?: string;
  labelerId?: string;
  promptId?: string;
}

@Injectable()
export class PreferencesRepository {
  constructor(@InjectRepository(Preference) private readonly rows: Repository<Preference>) {}

  /** @throws QueryFailedError unique `preferences_external`, `preferences_superseded` */
  async insert(tx: Transaction, preference: NewPreference, ranks: Omit<PreferenceRank, 'preferenceId'>[]): Promise<void> {
    await tx.insert(Preference, preference);
    await tx.insert(PreferenceRank, ranks.map((rank) => ({ ...rank, preferenceId: preference.id })));
  }

  /** @param vendorId whose preferences are seen; null sees all */
  find(vendorId: string | null, id: string): Promise<Preference | null> {
    return this.rows.findOneBy({ id, ...(vendorId !== null && { vendorId }) });
  }

  findByExternalId(vendorId: string | null, externalId: string): Promise<Preference | null> {
    return this.rows.findOneBy({ vendorId: vendorId ?? IsNull(), externalId });
  }

  /** Of those that stand. */
  page(vendorId: string | null, filter: PreferenceFilter, request: PageRequest): Promise<Preference[]> {
    const query = this.rows.createQueryBuilder('p').orderBy('p.id').limit(request.limit + 1);
    query.where('NOT EXISTS (SELECT FROM preferences s WHERE s.supersedes_id = p.id)');
    if (vendorId !== null) query.andWhere('p.vendorId = :vendorId', { vendorId });
    if (request.after) query.andWhere('p.id > :after', { after: request.after });
    if (filter.criterionVersionId) query.andWhere('p.criterionVersionId = :criterionVersionId', filter);
    if (filter.labelerId) query.andWhere('p.labelerId = :labelerId', filter);
    if (filter.promptId) query.andWhere('p.promptId = :promptId', filter);
    return query.getMany();
  }

  /** The prompt of each completion that is there; to a vendor, those that were leased to it are. */
  async promptsOf(completionIds: string[], vendorId: string | null): Promise<Map<string, string>> {
    const rows: { id: string; promptId: string }[] = await this.rows.query(
      'SELECT id, prompt_id AS "promptId" FROM completions c WHERE id = ANY($1::uuid[]) AND ' + leasedTo('c', 2),
      [completionIds, vendorId],
    );
    return new Map(rows.map(({ id, promptId }) => [id, promptId]));
  }

  /** Those that stand: no later one has corrected them. */
  standingOfTask(labelingTaskId: string): Promise<Preference | null> {
    return this.rows
      .createQueryBuilder('p')
      .where('p.labelingTaskId = :labelingTaskId', { labelingTaskId })
      .andWhere('NOT EXISTS (SELECT FROM preferences s WHERE s.supersedes_id = p.id)')
      .getOne();
  }

  ranks(preferenceIds: string[]): Promise<PreferenceRank[]> {
    return this.rows.manager
      .createQueryBuilder(PreferenceRank, 'k')
      .where('k.preferenceId = ANY(:preferenceIds)', { preferenceIds })
      .orderBy('k.preferenceId')
      .addOrderBy('k.rank')
      .addOrderBy('k.position')
      .getMany();
  }
}

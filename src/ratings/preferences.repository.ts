import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { Preference } from './preference.entity.js';
import { PreferenceRank } from './preference-rank.entity.js';

export type NewPreference = Omit<Preference, 'createdAt'>;

@Injectable()
export class PreferencesRepository {
  constructor(@InjectRepository(Preference) private readonly rows: Repository<Preference>) {}

  /** @throws QueryFailedError unique `preferences_external`, `preferences_superseded` */
  async insert(tx: Transaction, preference: NewPreference, ranks: Omit<PreferenceRank, 'preferenceId'>[]): Promise<void> {
    await tx.insert(Preference, preference);
    await tx.insert(PreferenceRank, ranks.map((rank) => ({ ...rank, preferenceId: preference.id })));
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

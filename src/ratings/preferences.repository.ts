import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { Database, type Transaction } from '#src/database/database.js';
import { EntityRows } from '#src/database/entity-rows.js';
import { brokenUnique } from '#src/database/errors.js';
import { PreferenceRank } from './preference-rank.entity.js';
import type { NewPreference } from './preference-rules.js';
import { Preference } from './preference.entity.js';

export type StoredPreference = Preference & { ranks: PreferenceRank[] };

export interface PreferenceFilter {
  criterionVersionId?: string;
  labelerId?: string;
  promptId?: string;
}

@Injectable()
export class PreferencesRepository {
  private readonly set: EntityRows<Preference>;
  private readonly rankSet: EntityRows<PreferenceRank>;

  constructor(
    private readonly database: Database,
    @InjectRepository(Preference) private readonly rows: Repository<Preference>,
    @InjectRepository(PreferenceRank) rankRows: Repository<PreferenceRank>,
  ) {
    this.set = new EntityRows(rows);
    this.rankSet = new EntityRows(rankRows);
  }

  /** All of them by COPY, faster than `insertNew`; false when an external id is taken: then none went in. */
  async copyNew(preferences: NewPreference[]): Promise<boolean> {
    try {
      await this.database.transaction(async () => {
        await this.set.copy(preferences);
        await this.rankSet.copy(ranksOf(preferences));
      });
      return true;
    } catch (error) {
      if (brokenUnique(error) === 'preferences_external') return false;
      throw error;
    }
  }

  /**
   * How many went in; the others have an external id that is taken, by a stored preference or by one in `preferences`.
   *
   * @throws QueryFailedError unique `preferences_superseded`
   */
  async insertNew(preferences: NewPreference[], tx?: Transaction): Promise<number> {
    const rows = this.set.arrays(preferences);
    const [{ inserted }]: { inserted: number }[] = await (tx ?? this.rows).query(
      `WITH inserted AS (
         INSERT INTO preferences (${this.set.columns}) ${this.set.unnest()}
         ON CONFLICT (vendor_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
         RETURNING id),
       ranked AS (
         INSERT INTO preference_ranks (${this.rankSet.columns})
         SELECT given.* FROM (${this.rankSet.unnest(rows.length + 1)}) given JOIN inserted ON inserted.id = given.preference_id)
       SELECT count(*)::int AS inserted FROM inserted`,
      [...rows, ...this.rankSet.arrays(ranksOf(preferences))],
    );
    return inserted;
  }

  async byExternalIds(externalIds: string[], vendorId: string | null): Promise<Map<string, StoredPreference>> {
    const found = await this.rows
      .createQueryBuilder('p')
      .where('p.external_id = ANY(:externalIds)', { externalIds })
      .andWhere('p.vendor_id IS NOT DISTINCT FROM :vendorId::uuid', { vendorId })
      .getMany();
    const stored = new Map(found.map((preference): [string, StoredPreference] => [preference.id, { ...preference, ranks: [] }]));
    for (const rank of await this.ranks([...stored.keys()])) stored.get(rank.preferenceId)!.ranks.push(rank);
    return new Map([...stored.values()].map((preference) => [preference.externalId!, preference]));
  }

  /** @param vendorId whose preferences are seen; null sees all */
  find(vendorId: string | null, id: string): Promise<Preference | null> {
    return this.rows.findOneBy({ id, ...(vendorId !== null && { vendorId }) });
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

function ranksOf(preferences: readonly NewPreference[]): PreferenceRank[] {
  return preferences.flatMap(({ id: preferenceId, ranks }) => ranks.map((rank) => ({ ...rank, preferenceId })));
}

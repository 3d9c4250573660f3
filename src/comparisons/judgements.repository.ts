import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { ComparisonJudgement, type Preference } from './comparison.entity.js';

export interface GivenJudgement {
  id: string;
  itemId: string;
  labelerId: string;
  preference: Preference;
}

@Injectable()
export class JudgementsRepository {
  /** Those of `itemIds` that are items of the comparison; their rows stay locked, so that counts of judgements stay valid. */
  async lockItems(tx: Transaction, comparisonId: string, itemIds: string[]): Promise<Set<string>> {
    const rows: { id: string }[] = await tx.query(
      `SELECT id FROM comparison_items WHERE comparison_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`,
      [comparisonId, itemIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  ofItems(tx: Transaction, itemIds: string[]): Promise<GivenJudgement[]> {
    return tx.query(
      `SELECT id, item_id AS "itemId", labeler_id AS "labelerId", preference FROM comparison_judgements WHERE item_id = ANY($1) AND labeler_id IS NOT NULL`,
      [itemIds],
    );
  }

  /**
   * Id of each labeler that is there. External ids are unique per vendor; null names those that belong to none.
   *
   * @param vendorId whose labelers are seen; null sees all by id
   */
  async labelerIds(
    tx: Transaction,
    keys: string[],
    by: 'id' | 'externalId',
    vendorId: string | null,
  ): Promise<Map<string, string>> {
    const rows: { key: string; id: string }[] = await tx.query(
      by === 'id'
        ? `SELECT id::text AS key, id FROM labelers WHERE id = ANY($1::uuid[]) AND ($2::uuid IS NULL OR vendor_id = $2)`
        : `SELECT external_id AS key, id FROM labelers WHERE external_id = ANY($1) AND vendor_id IS NOT DISTINCT FROM $2::uuid`,
      [keys, vendorId],
    );
    return new Map(rows.map(({ key, id }) => [key, id]));
  }

  async insert(tx: Transaction, judgements: GivenJudgement[]): Promise<void> {
    await tx.insert(
      ComparisonJudgement,
      judgements.map((judgement) => ({ ...judgement, rewardModelId: null })),
    );
  }

  find(tx: Transaction, id: string): Promise<ComparisonJudgement> {
    return tx.findOneByOrFail(ComparisonJudgement, { id });
  }
}

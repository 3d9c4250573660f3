import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each labeler's rankings and comparisons weighed in a pair set, beside their ratings. Null in sets built before. */
export class PreferenceWeights1795646801000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE pair_set_labeler_weights
        ADD COLUMN preferences integer NOT NULL DEFAULT 0,
        ADD COLUMN preference_reliability double precision,
        ADD COLUMN preference_weight numeric CHECK (preference_weight > 0)`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE pair_set_labeler_weights
        DROP COLUMN preference_weight, DROP COLUMN preference_reliability, DROP COLUMN preferences`);
  }
}

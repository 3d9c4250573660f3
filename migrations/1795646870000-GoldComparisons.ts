import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A gold item may say that one completion is better than another, for batches of comparisons. */
export class GoldComparisons1795646870000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE gold_items ADD COLUMN worse_completion_id uuid REFERENCES completions;
      DROP INDEX gold_items_active;
      CREATE UNIQUE INDEX gold_items_active ON gold_items (completion_id, criterion_version_id)
        WHERE retired_at IS NULL AND worse_completion_id IS NULL;
      CREATE UNIQUE INDEX gold_comparisons_active
        ON gold_items (least(completion_id, worse_completion_id), greatest(completion_id, worse_completion_id), criterion_version_id)
        WHERE retired_at IS NULL AND worse_completion_id IS NOT NULL`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP INDEX gold_comparisons_active, gold_items_active;
      DELETE FROM gold_items WHERE worse_completion_id IS NOT NULL;
      ALTER TABLE gold_items DROP COLUMN worse_completion_id;
      CREATE UNIQUE INDEX gold_items_active ON gold_items (completion_id, criterion_version_id) WHERE retired_at IS NULL`);
  }
}

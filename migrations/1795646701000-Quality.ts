import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gold items: completions whose right score is known. Pilots: labeling batches that try out a draft. What a version's
 * publication rested on is kept with the version.
 */
export class Quality1795646701000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE gold_items (
        id uuid PRIMARY KEY,
        completion_id uuid NOT NULL REFERENCES completions,
        criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
        expected jsonb NOT NULL,
        explanation text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        retired_at timestamptz
      );
      CREATE UNIQUE INDEX gold_items_active ON gold_items (completion_id, criterion_version_id) WHERE retired_at IS NULL;
      CREATE INDEX gold_items_of_criterion ON gold_items (criterion_version_id, id);
      CREATE TABLE pilots (
        id uuid PRIMARY KEY,
        criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
        labeling_batch_id uuid NOT NULL UNIQUE REFERENCES labeling_batches,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX pilots_of_criterion ON pilots (criterion_version_id, id);
      ALTER TABLE criteria ADD COLUMN minimum_agreement double precision;
      ALTER TABLE criterion_versions
        ADD COLUMN pilot_id uuid REFERENCES pilots,
        ADD COLUMN agreement double precision,
        ADD COLUMN override_reason text;
      ALTER TABLE labeling_batches ADD COLUMN gold_share double precision`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE labeling_batches DROP COLUMN gold_share;
      ALTER TABLE criterion_versions DROP COLUMN pilot_id, DROP COLUMN agreement, DROP COLUMN override_reason;
      ALTER TABLE criteria DROP COLUMN minimum_agreement;
      DROP TABLE pilots, gold_items`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A key can be bound to one labeler, and to one batch: it then works on that labeler's tasks and does nothing else. */
export class LabelerSessions1795646201000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE api_keys
        ADD COLUMN labeler_id uuid REFERENCES labelers,
        ADD COLUMN labeling_batch_id uuid REFERENCES labeling_batches`);
  }

  /** Sessions would become keys that may do more, so they go. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE labeler_id IS NOT NULL;
      ALTER TABLE api_keys DROP COLUMN labeler_id, DROP COLUMN labeling_batch_id`);
  }
}

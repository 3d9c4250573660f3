import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A prompt that could not be answered fails alone; what a model thought is kept beside its answer. */
export class FailedCompletions1795646896000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE completions ADD COLUMN reasoning text');
    await q.query(`ALTER TABLE completion_batches ADD COLUMN max_failed_share double precision NOT NULL DEFAULT 0.1,
      ADD COLUMN failed_count integer NOT NULL DEFAULT 0`);
    await q.query('ALTER TABLE comparisons ADD COLUMN missing_count integer NOT NULL DEFAULT 0');
    await q.query(`CREATE TABLE completion_failures (
      batch_id uuid NOT NULL REFERENCES completion_batches (id) ON DELETE CASCADE,
      prompt_id uuid NOT NULL REFERENCES prompts (id),
      code text NOT NULL,
      message text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (batch_id, prompt_id))`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE completion_failures');
    await q.query('ALTER TABLE comparisons DROP COLUMN missing_count');
    await q.query('ALTER TABLE completion_batches DROP COLUMN failed_count, DROP COLUMN max_failed_share');
    await q.query('ALTER TABLE completions DROP COLUMN reasoning');
  }
}

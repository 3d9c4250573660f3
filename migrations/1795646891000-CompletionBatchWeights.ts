import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Completions may be written with weights in fewer bits; which, belongs to what a batch says of how it was made. */
export class CompletionBatchWeights1795646891000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`ALTER TABLE completion_batches ADD COLUMN weights text NOT NULL DEFAULT 'f32'`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE completion_batches DROP COLUMN weights');
  }
}

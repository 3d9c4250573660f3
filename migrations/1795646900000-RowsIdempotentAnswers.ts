import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Answers are kept as the text they were: jsonb refuses some of what JSON may hold. */
export class RowsIdempotentAnswers1795646900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE idempotency_keys ALTER COLUMN headers TYPE text USING headers::text, ALTER COLUMN body TYPE text USING body::text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE idempotency_keys ALTER COLUMN headers TYPE jsonb USING headers::jsonb, ALTER COLUMN body TYPE jsonb USING body::jsonb`);
  }
}

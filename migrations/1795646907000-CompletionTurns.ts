import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CompletionTurns1795646907000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE completions ADD COLUMN tool_calls jsonb, ADD COLUMN refusal boolean NOT NULL DEFAULT false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE completions DROP COLUMN tool_calls, DROP COLUMN refusal`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PromptConversations1795646906000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE prompts ADD COLUMN conversation jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE prompts DROP COLUMN conversation`);
  }
}

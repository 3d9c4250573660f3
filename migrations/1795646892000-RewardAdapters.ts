import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A reward model that was trained by low-rank factors keeps them by themselves too, for each of its members. */
export class RewardAdapters1795646892000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE reward_model_members ADD COLUMN adapter jsonb');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE reward_model_members DROP COLUMN adapter');
  }
}

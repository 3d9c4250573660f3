import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Scores are asked for by completion as well, by people who trace one. */
export class ScoresOfCompletion1795646789000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('CREATE INDEX completion_scores_of_completion ON completion_scores (completion_id, reward_model_id)');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP INDEX completion_scores_of_completion');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Scores by the hash of what was read, and what each member of an ensemble says. */
export class TextScores1795646301000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE completion_scores ADD COLUMN member_scores double precision[]');
    // Texts are kept until they have their score, and no longer: the hash finds it again.
    await q.query(`
      CREATE TABLE text_scores (
        reward_model_id uuid NOT NULL REFERENCES reward_models,
        text_hash text NOT NULL,
        prompt text,
        completion text,
        score double precision,
        member_scores double precision[],
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (reward_model_id, text_hash),
        CHECK ((score IS NULL) = (prompt IS NOT NULL) AND (prompt IS NULL) = (completion IS NULL))
      )`);
    await q.query('CREATE INDEX text_scores_waiting ON text_scores (reward_model_id, created_at) WHERE score IS NULL');
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE text_scores');
    await q.query('ALTER TABLE completion_scores DROP COLUMN member_scores');
  }
}

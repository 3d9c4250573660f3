import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A reward model may have been trained elsewhere: then nothing here led to it, and how many tokens it reads is said with it. */
export class UploadedRewardModels1795646890000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE reward_models
        ADD COLUMN origin text NOT NULL DEFAULT 'trained',
        ADD COLUMN max_tokens integer,
        ALTER COLUMN pair_set_id DROP NOT NULL,
        ALTER COLUMN base_policy_version_id DROP NOT NULL,
        ALTER COLUMN hyperparameters DROP NOT NULL,
        ADD CONSTRAINT reward_models_origin CHECK (CASE origin
          WHEN 'trained' THEN num_nulls(pair_set_id, base_policy_version_id, hyperparameters) = 0 AND max_tokens IS NULL
          WHEN 'uploaded' THEN num_nonnulls(job_id, pair_set_id, base_policy_version_id, hyperparameters, evaluation) = 0
            AND num_nulls(model_id, max_tokens) = 0
          ELSE false END)`);
  }

  /** Fails while there are uploaded ones: what came before has no place for them. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE reward_models
        DROP CONSTRAINT reward_models_origin,
        ALTER COLUMN pair_set_id SET NOT NULL,
        ALTER COLUMN base_policy_version_id SET NOT NULL,
        ALTER COLUMN hyperparameters SET NOT NULL,
        DROP COLUMN origin,
        DROP COLUMN max_tokens`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A training run learns either from prompts and a reward model, or from the pairs of a pair set. */
export class TrainingMethods1795447200000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE training_runs
        ALTER COLUMN prompt_set_id DROP NOT NULL,
        ADD COLUMN pair_set_id uuid REFERENCES pair_sets,
        ADD CONSTRAINT training_runs_prompts_or_pairs CHECK ((prompt_set_id IS NULL) <> (pair_set_id IS NULL))`);
    // What earlier runs did without being asked.
    await q.query(`
      UPDATE training_runs SET hyperparameters = '{"lossType": "bnpo", "importanceSampling": "token"}' || hyperparameters
      WHERE method = 'grpo'`);
  }

  /** Fails where there are runs on pair sets: versions came of them. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE training_runs
        DROP CONSTRAINT training_runs_prompts_or_pairs,
        DROP COLUMN pair_set_id,
        ALTER COLUMN prompt_set_id SET NOT NULL`);
    await q.query(`
      UPDATE training_runs SET hyperparameters = hyperparameters - 'lossType' - 'importanceSampling' WHERE method = 'grpo'`);
  }
}

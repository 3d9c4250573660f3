import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that learn from ratings as they are: which ratings these were is kept, so that the data of a run never changes. */
export class KtoRuns1795646893000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE training_runs ADD COLUMN ratings jsonb');
    await q.query('ALTER TABLE training_runs DROP CONSTRAINT training_runs_prompts_or_pairs');
    await q.query(`ALTER TABLE training_runs ADD CONSTRAINT training_runs_one_kind_of_data CHECK (num_nonnulls(prompt_set_id, pair_set_id, ratings) = 1)`);
    await q.query(`
      CREATE TABLE training_run_ratings (
        training_run_id uuid NOT NULL,
        rating_id uuid NOT NULL,
        PRIMARY KEY (training_run_id, rating_id)
      );
      CREATE INDEX training_runs_of_rating ON training_run_ratings (rating_id);`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE training_run_ratings');
    await q.query('ALTER TABLE training_runs DROP CONSTRAINT training_runs_one_kind_of_data');
    await q.query('ALTER TABLE training_runs DROP COLUMN ratings');
    await q.query('ALTER TABLE training_runs ADD CONSTRAINT training_runs_prompts_or_pairs CHECK ((prompt_set_id IS NULL) <> (pair_set_id IS NULL))');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that learn from ratings as they are: which ratings these were is kept, so that the data of a run never changes. */
export class KtoRuns1795646893000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE training_runs ADD COLUMN ratings jsonb');
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
    await q.query('ALTER TABLE training_runs DROP COLUMN ratings');
  }
}

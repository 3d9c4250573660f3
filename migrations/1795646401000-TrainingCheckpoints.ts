import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Weights of a run along its way, of which any can become a policy version. */
export class TrainingCheckpoints1795646401000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE training_checkpoints (
        training_run_id uuid NOT NULL REFERENCES training_runs,
        step integer NOT NULL,
        model_id uuid NOT NULL REFERENCES models,
        adapter jsonb,
        metric text,
        metric_value double precision,
        policy_version_id uuid REFERENCES policy_versions,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (training_run_id, step)
      );
      CREATE INDEX training_checkpoints_model ON training_checkpoints (model_id)`);
    // What earlier runs did without being asked.
    await q.query(`
      UPDATE training_runs SET hyperparameters =
        '{"checkpointEvery": null, "keepCheckpoints": 3, "evaluateEvery": null, "keep": "last"}' || hyperparameters`);
    await q.query(`UPDATE training_runs SET summary = '{"stopped": null}' || summary WHERE summary IS NOT NULL`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE training_checkpoints');
    await q.query(`
      UPDATE training_runs SET hyperparameters =
        hyperparameters - 'checkpointEvery' - 'keepCheckpoints' - 'evaluateEvery' - 'keep'`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Trainings before this one moved all of the model. */
export class TrainedLayers1795646810000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`UPDATE reward_models SET hyperparameters = '{"trainedLayers": null}' || hyperparameters`);
    await q.query(`UPDATE training_runs SET hyperparameters = '{"trainedLayers": null}' || hyperparameters WHERE method IN ('sft', 'dpo')`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`UPDATE reward_models SET hyperparameters = hyperparameters - 'trainedLayers'`);
    await q.query(`UPDATE training_runs SET hyperparameters = hyperparameters - 'trainedLayers'`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A run on rollouts has one or more sources of reward, and its samples the score of each. */
export class RewardSources1795646500000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE training_runs ADD COLUMN rewards jsonb;
      ALTER TABLE training_samples ADD COLUMN scores jsonb NOT NULL DEFAULT '{}'`);
    // What earlier runs had, and what they did without being asked.
    await q.query(`
      UPDATE training_runs SET
        rewards = jsonb_build_array(jsonb_build_object(
          'type', 'reward-model', 'name', 'reward', 'weight', 1, 'rewardModelId', reward_model_id, 'normalize', false)),
        hyperparameters = '{"missingEosPenalty": 0, "klBudget": null}' || hyperparameters
      WHERE prompt_set_id IS NOT NULL`);
    await q.query(`
      ALTER TABLE training_runs ADD CONSTRAINT training_runs_rewards_with_prompts CHECK ((prompt_set_id IS NULL) = (rewards IS NULL))`);
  }

  /** Fails where a run has no single reward model: it could not be told what it learned from. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE training_runs DROP CONSTRAINT training_runs_rewards_with_prompts;
      ALTER TABLE training_runs ADD CONSTRAINT one_reward_model CHECK (prompt_set_id IS NULL OR reward_model_id IS NOT NULL);
      ALTER TABLE training_runs DROP CONSTRAINT one_reward_model, DROP COLUMN rewards;
      ALTER TABLE training_samples DROP COLUMN scores`);
    await q.query(`
      UPDATE training_runs SET hyperparameters = hyperparameters - 'missingEosPenalty' - 'klBudget' WHERE prompt_set_id IS NOT NULL`);
  }
}

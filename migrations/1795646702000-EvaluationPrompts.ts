import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs on rollouts may be evaluated on prompts that they do not practise on. */
export class EvaluationPrompts1795646702000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`ALTER TABLE training_runs ADD COLUMN evaluation_prompt_set_id uuid REFERENCES prompt_sets`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`ALTER TABLE training_runs DROP COLUMN evaluation_prompt_set_id`);
  }
}

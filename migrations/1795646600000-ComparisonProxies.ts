import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A reward model may judge beside people, so that its opinion can be held against theirs on the same answers. */
export class ComparisonProxies1795646600000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('ALTER TABLE comparisons ADD COLUMN proxy_reward_model_id uuid REFERENCES reward_models');
  }

  /** Fails where reward models have judged beside people: those judgements would count as the result. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE comparisons ADD CONSTRAINT no_proxies CHECK (proxy_reward_model_id IS NULL);
      ALTER TABLE comparisons DROP COLUMN proxy_reward_model_id`);
  }
}

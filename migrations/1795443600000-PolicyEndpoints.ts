import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A policy version is either a model of ours or an endpoint that serves one elsewhere. */
export class PolicyEndpoints1795443600000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE policy_versions
        ALTER COLUMN model_id DROP NOT NULL,
        ADD COLUMN endpoint jsonb,
        ADD CONSTRAINT policy_versions_model_or_endpoint CHECK ((model_id IS NULL) <> (endpoint IS NULL))`);
  }

  /** Fails where there are endpoint versions: what they wrote names them. */
  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE policy_versions
        DROP CONSTRAINT policy_versions_model_or_endpoint,
        DROP COLUMN endpoint,
        ALTER COLUMN model_id SET NOT NULL`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Vendors that can be suspended, keys that know their successor, and the record of acts that matter to security. */
export class Tenancy1795646101000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE vendors ADD COLUMN suspended_at timestamptz;
      ALTER TABLE api_keys ADD COLUMN successor_id uuid UNIQUE REFERENCES api_keys;
      CREATE INDEX api_keys_of_vendor ON api_keys (vendor_id, id) WHERE vendor_id IS NOT NULL;
      CREATE TABLE audit_log (
        id uuid PRIMARY KEY,
        action text NOT NULL,
        actor_type text NOT NULL,
        actor_key_id uuid REFERENCES api_keys,
        actor_vendor_id uuid REFERENCES vendors,
        address text,
        resource_type text,
        resource_id uuid,
        detail jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX audit_log_of_actor ON audit_log (actor_key_id, id) WHERE actor_key_id IS NOT NULL;
      CREATE INDEX audit_log_of_resource ON audit_log (resource_type, resource_id, id);
      CREATE INDEX audit_log_by_action ON audit_log (action, id);
      CREATE INDEX audit_log_by_time ON audit_log (created_at, id);
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TABLE audit_log;
      DROP INDEX api_keys_of_vendor;
      ALTER TABLE api_keys DROP COLUMN successor_id;
      ALTER TABLE vendors DROP COLUMN suspended_at`);
  }
}

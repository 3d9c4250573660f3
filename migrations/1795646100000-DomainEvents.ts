import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What happened, append-only, and a queue of what has not been passed on yet. A queue rather than a cursor: ids are
 * not in order of commit, and a cursor would step over an event whose transaction was slow.
 */
export class DomainEvents1795646100000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE domain_events (
        id uuid PRIMARY KEY,
        type text NOT NULL,
        data jsonb NOT NULL,
        vendor_ids uuid[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE undelivered_events (event_id uuid PRIMARY KEY REFERENCES domain_events);
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
      CREATE TRIGGER domain_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON domain_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE undelivered_events, domain_events; DROP FUNCTION refuse_change');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Events may go when they are old and nobody needs them any more. Foreign keys keep those that wait to be passed on or that
 * the delivery log still shows; the trigger keeps all of them from a statement that has not said that this is what it does.
 */
export class EventRetention1795646802000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id) WHERE event_id IS NOT NULL;
      CREATE FUNCTION domain_events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' AND current_setting('plumbline.retention', true) = 'on' THEN RETURN NULL; END IF;
          RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
        END $$;
      DROP TRIGGER domain_events_append_only ON domain_events;
      CREATE TRIGGER domain_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON domain_events
        FOR EACH STATEMENT EXECUTE FUNCTION domain_events_refuse_change()`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TRIGGER domain_events_append_only ON domain_events;
      CREATE TRIGGER domain_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON domain_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
      DROP FUNCTION domain_events_refuse_change;
      DROP INDEX webhook_deliveries_of_event`);
  }
}

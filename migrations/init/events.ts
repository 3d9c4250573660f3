/** Domain events and what has not been passed on yet. */
export const events = `
  CREATE TABLE domain_events (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    data jsonb NOT NULL,
    vendor_ids uuid[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
  );
  -- A queue rather than a cursor: ids are not in order of commit, and a cursor would step over an event whose transaction was slow.
  CREATE TABLE undelivered_events (
    event_id uuid PRIMARY KEY REFERENCES domain_events
  );
  CREATE FUNCTION domain_events_refuse_change()
   RETURNS trigger
   LANGUAGE plpgsql
  AS $function$
          BEGIN
            IF TG_OP = 'DELETE' AND current_setting('plumbline.retention', true) = 'on' THEN RETURN NULL; END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
          END $function$;
  CREATE TRIGGER domain_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON domain_events FOR EACH STATEMENT EXECUTE FUNCTION domain_events_refuse_change();`;

/** Vendors, API keys, answers kept for Idempotency-Keys, and the audit log. */
export const auth = `
  CREATE TABLE vendors (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    suspended_at timestamptz
  );
  -- A key bound to a labeler, and to one batch, works on that labeler's tasks and does nothing else.
  CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    vendor_id uuid REFERENCES vendors,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    successor_id uuid UNIQUE REFERENCES api_keys,
    labeler_id uuid,
    labeling_batch_id uuid,
    from_environment boolean NOT NULL DEFAULT false
  );
  CREATE INDEX api_keys_of_vendor ON api_keys (vendor_id, id) WHERE (vendor_id IS NOT NULL);
  -- Answers are kept as text: jsonb refuses some of what JSON may hold.
  CREATE TABLE idempotency_keys (
    api_key_id uuid NOT NULL REFERENCES api_keys,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    headers text,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, key)
  );
  CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
  CREATE TABLE idempotency_sets (
    api_key_id uuid NOT NULL REFERENCES api_keys,
    key text NOT NULL,
    first_line integer NOT NULL,
    print text NOT NULL,
    results text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, key, first_line)
  );
  CREATE INDEX idempotency_sets_age ON idempotency_sets (created_at);
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
  CREATE INDEX audit_log_of_actor ON audit_log (actor_key_id, id) WHERE (actor_key_id IS NOT NULL);
  CREATE INDEX audit_log_of_resource ON audit_log (resource_type, resource_id, id);
  CREATE INDEX audit_log_by_action ON audit_log (action, id);
  CREATE INDEX audit_log_by_time ON audit_log (created_at, id);
  CREATE FUNCTION refuse_change()
   RETURNS trigger
   LANGUAGE plpgsql
  AS $function$
          BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $function$;
  CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`;

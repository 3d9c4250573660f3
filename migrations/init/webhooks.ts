/** Where events are sent, what was sent, and how each attempt went. */
export const webhooks = `
  CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    vendor_id uuid REFERENCES vendors,
    url text NOT NULL,
    description text,
    event_types text[] NOT NULL DEFAULT '{}',
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
  );
  CREATE INDEX webhook_endpoints_of_vendor ON webhook_endpoints (vendor_id);
  CREATE TABLE webhook_secrets (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    secret text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX webhook_secrets_of_endpoint ON webhook_secrets (endpoint_id);
  CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    event_id uuid REFERENCES domain_events,
    event_type text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempt integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT now(),
    lease_owner text,
    lease_expires_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    held_by text,
    UNIQUE (endpoint_id, event_id)
  );
  CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
  CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE (state = 'pending'::text);
  CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id) WHERE (event_id IS NOT NULL);
  CREATE TABLE webhook_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    attempt integer NOT NULL,
    status integer,
    error text,
    latency_ms integer NOT NULL,
    response text,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id, id);`;

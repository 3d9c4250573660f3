/** Jobs, the outbox that brings them to the queue, what they tell, and the workers that take them. */
export const jobs = `
  CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL,
    payload jsonb NOT NULL,
    phase text,
    progress_completed double precision NOT NULL DEFAULT 0,
    progress_total double precision,
    progress_unit text,
    progress_eta_seconds double precision,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    error jsonb,
    result_type text,
    result_id uuid,
    api_key_id uuid REFERENCES api_keys,
    vendor_id uuid REFERENCES vendors,
    lease_owner text,
    lease_expires_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
  );
  CREATE INDEX jobs_by_state ON jobs (state, id);
  CREATE INDEX jobs_leases ON jobs (lease_expires_at) WHERE (lease_expires_at IS NOT NULL);
  CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs,
    queue text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    dispatched_at timestamptz
  );
  CREATE INDEX outbox_waiting ON outbox (id) WHERE (dispatched_at IS NULL);
  CREATE TABLE job_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs,
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX job_events_of_job ON job_events (job_id, id);
  CREATE TABLE job_metrics (
    job_id uuid NOT NULL REFERENCES jobs,
    step integer NOT NULL,
    values jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, step)
  );
  CREATE TABLE job_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs,
    level text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX job_logs_of_job ON job_logs (job_id, id);
  CREATE TABLE workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    queues text[] NOT NULL,
    capabilities jsonb NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
  );`;

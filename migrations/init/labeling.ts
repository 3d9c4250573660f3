/** Labeling batches with their items and tasks, and pilots. */
export const labeling = `
  CREATE TABLE labeling_batches (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    purpose text NOT NULL,
    mode text NOT NULL,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    selection jsonb NOT NULL,
    overlap integer NOT NULL CHECK (overlap > 0),
    vendor_ids uuid[] NOT NULL DEFAULT '{}',
    seed integer NOT NULL,
    due_at timestamptz,
    price_note text,
    state text NOT NULL,
    item_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    closed_at timestamptz,
    gold_share double precision
  );
  ALTER TABLE api_keys ADD CONSTRAINT api_keys_labeling_batch_id_fkey FOREIGN KEY (labeling_batch_id) REFERENCES labeling_batches(id);
  CREATE INDEX labeling_batches_open ON labeling_batches (id) WHERE (state = 'open'::text);
  CREATE TABLE labeling_items (
    id uuid PRIMARY KEY,
    batch_id uuid NOT NULL REFERENCES labeling_batches,
    ordinal integer NOT NULL,
    kind text NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    completion_ids uuid[] NOT NULL,
    UNIQUE (batch_id, ordinal)
  );
  -- No item gets more results than its overlap, and no labeler an item twice: two unique indexes say so, whatever races.
  CREATE TABLE labeling_tasks (
    id uuid PRIMARY KEY,
    batch_id uuid NOT NULL REFERENCES labeling_batches,
    item_id uuid NOT NULL REFERENCES labeling_items,
    slot integer NOT NULL,
    state text NOT NULL,
    sort_key integer NOT NULL,
    completion_order uuid[] NOT NULL,
    labeler_id uuid REFERENCES labelers,
    vendor_id uuid REFERENCES vendors,
    leased_at timestamptz,
    lease_expires_at timestamptz,
    finished_at timestamptz,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state <> 'leased'::text OR labeler_id IS NOT NULL AND lease_expires_at IS NOT NULL)
  );
  CREATE INDEX labeling_tasks_available ON labeling_tasks (batch_id, sort_key) WHERE (state = 'available'::text);
  CREATE UNIQUE INDEX labeling_tasks_slot ON labeling_tasks (item_id, slot) WHERE (state = ANY (ARRAY['available'::text, 'leased'::text, 'completed'::text]));
  CREATE UNIQUE INDEX labeling_tasks_once ON labeling_tasks (item_id, labeler_id) WHERE (state = ANY (ARRAY['leased'::text, 'completed'::text, 'skipped'::text]));
  CREATE INDEX labeling_tasks_leases ON labeling_tasks (batch_id, lease_expires_at) WHERE (state = 'leased'::text);
  CREATE INDEX labeling_tasks_of_batch ON labeling_tasks (batch_id, labeler_id);
  CREATE INDEX labeling_tasks_vendor_completions ON labeling_tasks USING gin (completion_order) WITH (fastupdate=off) WHERE (vendor_id IS NOT NULL);
  CREATE TABLE pilots (
    id uuid PRIMARY KEY,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    labeling_batch_id uuid NOT NULL UNIQUE REFERENCES labeling_batches,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  ALTER TABLE criterion_versions ADD CONSTRAINT criterion_versions_pilot_id_fkey FOREIGN KEY (pilot_id) REFERENCES pilots(id);
  CREATE INDEX pilots_of_criterion ON pilots (criterion_version_id, id);`;

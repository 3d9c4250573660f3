import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Labeling batches with their items and tasks; ratings per dimension; rankings and comparisons. That no item gets
 * more results than its overlap, and no labeler an item twice, is said by two unique indexes: whatever races, one
 * of two statements fails.
 */
export class LabelingBatches1795646200000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    for (const sql of [ratings, preferences, batches]) await q.query(sql);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TABLE labeling_tasks, labeling_items, labeling_batches, preference_ranks, preferences;
      ALTER TABLE ratings DROP COLUMN labeling_task_id, DROP COLUMN flags, DROP COLUMN dimension_scores;
      ALTER TABLE criterion_versions DROP COLUMN dimensions`);
  }
}

const ratings = `
  ALTER TABLE criterion_versions ADD COLUMN dimensions jsonb;
  ALTER TABLE ratings
    ADD COLUMN dimension_scores jsonb,
    ADD COLUMN flags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN labeling_task_id uuid;
  CREATE INDEX ratings_of_task ON ratings (labeling_task_id) WHERE labeling_task_id IS NOT NULL;`;

const preferences = `
  CREATE TABLE preferences (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    labeler_id uuid NOT NULL REFERENCES labelers,
    time_spent_ms integer,
    rationale text,
    flags text[] NOT NULL DEFAULT '{}',
    vendor_id uuid REFERENCES vendors,
    external_id text,
    supersedes_id uuid REFERENCES preferences,
    labeling_task_id uuid,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX preferences_external ON preferences (vendor_id, external_id) NULLS NOT DISTINCT WHERE external_id IS NOT NULL;
  CREATE UNIQUE INDEX preferences_superseded ON preferences (supersedes_id) WHERE supersedes_id IS NOT NULL;
  CREATE INDEX preferences_of_criterion ON preferences (criterion_version_id, id);
  CREATE INDEX preferences_of_labeler ON preferences (labeler_id, id);
  CREATE INDEX preferences_of_task ON preferences (labeling_task_id) WHERE labeling_task_id IS NOT NULL;
  CREATE TABLE preference_ranks (
    preference_id uuid NOT NULL REFERENCES preferences,
    completion_id uuid NOT NULL REFERENCES completions,
    rank integer NOT NULL,
    position integer,
    PRIMARY KEY (preference_id, completion_id)
  );
  CREATE INDEX preference_ranks_of_completion ON preference_ranks (completion_id);
  CREATE TRIGGER preferences_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON preferences
    FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();
  CREATE TRIGGER preference_ranks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON preference_ranks
    FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();`;

const batches = `
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
    closed_at timestamptz
  );
  CREATE INDEX labeling_batches_open ON labeling_batches (id) WHERE state = 'open';
  CREATE TABLE labeling_items (
    id uuid PRIMARY KEY,
    batch_id uuid NOT NULL REFERENCES labeling_batches,
    ordinal integer NOT NULL,
    kind text NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    completion_ids uuid[] NOT NULL,
    UNIQUE (batch_id, ordinal)
  );
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
    CHECK (state <> 'leased' OR (labeler_id IS NOT NULL AND lease_expires_at IS NOT NULL))
  );
  CREATE INDEX labeling_tasks_available ON labeling_tasks (batch_id, sort_key) WHERE state = 'available';
  CREATE UNIQUE INDEX labeling_tasks_slot ON labeling_tasks (item_id, slot) WHERE state IN ('available', 'leased', 'completed');
  CREATE UNIQUE INDEX labeling_tasks_once ON labeling_tasks (item_id, labeler_id) WHERE state IN ('leased', 'completed', 'skipped');
  CREATE INDEX labeling_tasks_leases ON labeling_tasks (batch_id, lease_expires_at) WHERE state = 'leased';
  CREATE INDEX labeling_tasks_of_batch ON labeling_tasks (batch_id, labeler_id);`;

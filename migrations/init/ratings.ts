/** Criteria, labelers, ratings, rankings and comparisons, gold items. */
export const ratings = `
  CREATE TABLE criteria (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    minimum_agreement double precision
  );
  CREATE TABLE criterion_versions (
    id uuid PRIMARY KEY,
    criterion_id uuid NOT NULL REFERENCES criteria,
    number integer NOT NULL,
    instructions text NOT NULL,
    scale jsonb NOT NULL,
    state text NOT NULL,
    published_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    dimensions jsonb,
    pilot_id uuid,
    agreement double precision,
    override_reason text,
    UNIQUE (criterion_id, number)
  );
  CREATE TABLE labelers (
    id uuid PRIMARY KEY,
    vendor_id uuid REFERENCES vendors,
    external_id text NOT NULL,
    display_name text,
    simulated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (vendor_id, external_id)
  );
  ALTER TABLE api_keys ADD CONSTRAINT api_keys_labeler_id_fkey FOREIGN KEY (labeler_id) REFERENCES labelers(id);
  -- What ratings refer to is checked statement by statement: a foreign key checks row by row (docs/adr/0084). The promise is the same.
  CREATE TABLE ratings (
    id uuid PRIMARY KEY,
    completion_id uuid NOT NULL,
    criterion_version_id uuid NOT NULL,
    labeler_id uuid NOT NULL,
    score double precision NOT NULL,
    position integer,
    time_spent_ms integer,
    rationale text,
    vendor_id uuid,
    external_id text,
    supersedes_id uuid REFERENCES ratings,
    created_at timestamptz NOT NULL DEFAULT now(),
    dimension_scores jsonb,
    flags text[] NOT NULL DEFAULT '{}',
    labeling_task_id uuid
  );
  CREATE UNIQUE INDEX ratings_external ON ratings (vendor_id, external_id) NULLS NOT DISTINCT WHERE (external_id IS NOT NULL);
  CREATE UNIQUE INDEX ratings_superseded ON ratings (supersedes_id) WHERE (supersedes_id IS NOT NULL);
  CREATE INDEX ratings_of_completion ON ratings (completion_id, criterion_version_id);
  CREATE INDEX ratings_of_criterion ON ratings (criterion_version_id, id);
  CREATE INDEX ratings_of_labeler ON ratings (labeler_id, id);
  CREATE INDEX ratings_of_task ON ratings (labeling_task_id) WHERE (labeling_task_id IS NOT NULL);
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
  CREATE UNIQUE INDEX preferences_external ON preferences (vendor_id, external_id) NULLS NOT DISTINCT WHERE (external_id IS NOT NULL);
  CREATE UNIQUE INDEX preferences_superseded ON preferences (supersedes_id) WHERE (supersedes_id IS NOT NULL);
  CREATE INDEX preferences_of_criterion ON preferences (criterion_version_id, id);
  CREATE INDEX preferences_of_labeler ON preferences (labeler_id, id);
  CREATE INDEX preferences_of_task ON preferences (labeling_task_id) WHERE (labeling_task_id IS NOT NULL);
  CREATE TABLE preference_ranks (
    preference_id uuid NOT NULL REFERENCES preferences,
    completion_id uuid NOT NULL REFERENCES completions,
    rank integer NOT NULL,
    position integer,
    PRIMARY KEY (preference_id, completion_id)
  );
  CREATE INDEX preference_ranks_of_completion ON preference_ranks (completion_id);
  CREATE TABLE gold_items (
    id uuid PRIMARY KEY,
    completion_id uuid NOT NULL REFERENCES completions,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    expected jsonb NOT NULL,
    explanation text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    worse_completion_id uuid REFERENCES completions
  );
  CREATE INDEX gold_items_of_criterion ON gold_items (criterion_version_id, id);
  CREATE UNIQUE INDEX gold_items_active ON gold_items (completion_id, criterion_version_id) WHERE ((retired_at IS NULL) AND (worse_completion_id IS NULL));
  CREATE UNIQUE INDEX gold_comparisons_active ON gold_items (LEAST(completion_id, worse_completion_id), GREATEST(completion_id, worse_completion_id), criterion_version_id) WHERE ((retired_at IS NULL) AND (worse_completion_id IS NOT NULL));
  CREATE FUNCTION ratings_refuse_change()
   RETURNS trigger
   LANGUAGE plpgsql
  AS $function$
      BEGIN RAISE EXCEPTION 'ratings are append-only: supersede instead'; END $function$;
  CREATE TRIGGER ratings_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ratings FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();
  CREATE TRIGGER preferences_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON preferences FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();
  CREATE TRIGGER preference_ranks_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON preference_ranks FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();`;

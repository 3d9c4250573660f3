/** Pair sets, their pairs, and what each is made of. */
export const pairs = `
  CREATE TABLE pair_sets (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    config jsonb NOT NULL,
    content_hash text,
    pair_count integer,
    diagnostics jsonb,
    built_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE pairs (
    pair_set_id uuid NOT NULL,
    ordinal integer NOT NULL,
    prompt_id uuid NOT NULL,
    chosen_completion_id uuid NOT NULL,
    rejected_completion_id uuid NOT NULL,
    chosen_score double precision NOT NULL,
    rejected_score double precision NOT NULL,
    tie boolean NOT NULL,
    split text NOT NULL,
    weight double precision CHECK (weight >= 0::double precision),
    PRIMARY KEY (pair_set_id, ordinal)
  );
  -- Without keys: one statement fills it.
  CREATE TABLE pair_set_ratings (
    pair_set_id uuid NOT NULL,
    rating_id uuid NOT NULL,
    PRIMARY KEY (pair_set_id, rating_id)
  );
  CREATE INDEX pair_sets_of_rating ON pair_set_ratings (rating_id);
  CREATE TABLE pair_set_preferences (
    pair_set_id uuid NOT NULL,
    preference_id uuid NOT NULL,
    PRIMARY KEY (pair_set_id, preference_id)
  );
  CREATE TABLE pair_set_labeler_weights (
    pair_set_id uuid NOT NULL REFERENCES pair_sets,
    labeler_id uuid NOT NULL REFERENCES labelers,
    ratings integer NOT NULL,
    reliability double precision,
    weight numeric NOT NULL CHECK (weight > 0::numeric),
    preferences integer NOT NULL DEFAULT 0,
    preference_reliability double precision,
    preference_weight numeric CHECK (preference_weight > 0::numeric),
    PRIMARY KEY (pair_set_id, labeler_id)
  );`;

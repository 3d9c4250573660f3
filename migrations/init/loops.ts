/** Loops, their iterations, and each change of state. */
export const loops = `
  CREATE TABLE loops (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    policy_id uuid NOT NULL REFERENCES policies,
    alias text NOT NULL,
    first_version_id uuid NOT NULL REFERENCES policy_versions,
    current_version_id uuid NOT NULL REFERENCES policy_versions,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    held_out_prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    config jsonb NOT NULL,
    status text NOT NULL,
    state text NOT NULL,
    iteration integer NOT NULL,
    job_id uuid REFERENCES jobs,
    paused_job_id uuid REFERENCES jobs,
    error jsonb,
    version integer NOT NULL DEFAULT 1,
    api_key_id uuid REFERENCES api_keys,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
  );
  CREATE INDEX loops_running ON loops (id) WHERE (status = 'running'::text);
  CREATE UNIQUE INDEX loops_one_per_alias ON loops (policy_id, alias) WHERE (status = ANY (ARRAY['running'::text, 'paused'::text, 'failed'::text]));
  CREATE TABLE loop_iterations (
    loop_id uuid NOT NULL REFERENCES loops,
    number integer NOT NULL,
    start_version_id uuid NOT NULL REFERENCES policy_versions,
    prompt_set_id uuid REFERENCES prompt_sets,
    completion_batch_id uuid REFERENCES completion_batches,
    scoring_job_id uuid REFERENCES jobs,
    rated_prompt_set_id uuid REFERENCES prompt_sets,
    labeling_batch_id uuid,
    pair_set_id uuid REFERENCES pair_sets,
    reward_model_id uuid REFERENCES reward_models,
    training_run_id uuid REFERENCES training_runs,
    candidate_version_id uuid REFERENCES policy_versions,
    comparison_id uuid REFERENCES comparisons,
    decision text,
    reason text,
    figures jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (loop_id, number),
    CONSTRAINT loop_iterations_labeling_batch FOREIGN KEY (labeling_batch_id) REFERENCES labeling_batches
  );
  CREATE TABLE loop_transitions (
    loop_id uuid NOT NULL REFERENCES loops,
    ordinal integer NOT NULL,
    iteration integer NOT NULL,
    "from" text NOT NULL,
    "to" text NOT NULL,
    outcome text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (loop_id, ordinal)
  );
  CREATE TRIGGER loop_transitions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON loop_transitions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`;

/** Blind comparisons of two policy versions. */
export const comparisons = `
  CREATE TABLE comparisons (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    baseline_version_id uuid NOT NULL REFERENCES policy_versions,
    candidate_version_id uuid NOT NULL REFERENCES policy_versions,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    sampling jsonb NOT NULL,
    judge jsonb NOT NULL,
    item_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    proxy_reward_model_id uuid REFERENCES reward_models,
    labeling_batch_id uuid REFERENCES labeling_batches,
    missing_count integer NOT NULL DEFAULT 0
  );
  CREATE TABLE comparison_items (
    id uuid PRIMARY KEY,
    comparison_id uuid NOT NULL REFERENCES comparisons,
    ordinal integer NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    baseline_completion_id uuid NOT NULL REFERENCES completions,
    candidate_completion_id uuid NOT NULL REFERENCES completions,
    candidate_is_left boolean NOT NULL,
    UNIQUE (comparison_id, ordinal)
  );
  CREATE TABLE comparison_judgements (
    id uuid PRIMARY KEY,
    item_id uuid NOT NULL REFERENCES comparison_items,
    labeler_id uuid REFERENCES labelers,
    reward_model_id uuid REFERENCES reward_models,
    preference text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (item_id, labeler_id, reward_model_id)
  );`;

/** Training runs, their samples and checkpoints. */
export const training = `
  CREATE TABLE training_runs (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    method text NOT NULL,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    reward_model_id uuid REFERENCES reward_models,
    prompt_set_id uuid REFERENCES prompt_sets,
    hyperparameters jsonb NOT NULL,
    result_policy_version_id uuid REFERENCES policy_versions,
    summary jsonb,
    verdict jsonb,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    pair_set_id uuid REFERENCES pair_sets,
    rewards jsonb,
    evaluation_prompt_set_id uuid REFERENCES prompt_sets,
    ratings jsonb,
    CONSTRAINT training_runs_one_kind_of_data CHECK (num_nonnulls(prompt_set_id, pair_set_id, ratings) = 1),
    CONSTRAINT training_runs_rewards_with_prompts CHECK ((prompt_set_id IS NULL) = (rewards IS NULL))
  );
  CREATE TABLE training_run_ratings (
    training_run_id uuid NOT NULL,
    rating_id uuid NOT NULL,
    PRIMARY KEY (training_run_id, rating_id)
  );
  CREATE INDEX training_runs_of_rating ON training_run_ratings (rating_id);
  CREATE TABLE training_samples (
    training_run_id uuid NOT NULL REFERENCES training_runs,
    step integer NOT NULL,
    sample_index integer NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    text text NOT NULL,
    reward double precision NOT NULL,
    advantage double precision NOT NULL,
    completion_tokens integer NOT NULL,
    finish_reason text NOT NULL,
    scores jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (training_run_id, step, sample_index)
  );
  CREATE TABLE training_checkpoints (
    training_run_id uuid NOT NULL REFERENCES training_runs,
    step integer NOT NULL,
    model_id uuid NOT NULL REFERENCES models,
    adapter jsonb,
    metric text,
    metric_value double precision,
    policy_version_id uuid REFERENCES policy_versions,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (training_run_id, step)
  );
  CREATE INDEX training_checkpoints_model ON training_checkpoints (model_id);`;

/** Reward models, their members, and scores. */
export const reward = `
  -- A model that was trained elsewhere has no pair set and no job.
  CREATE TABLE reward_models (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    name text NOT NULL UNIQUE,
    pair_set_id uuid REFERENCES pair_sets,
    base_policy_version_id uuid REFERENCES policy_versions,
    hyperparameters jsonb,
    model_id uuid REFERENCES models,
    evaluation jsonb,
    trained_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    verdict jsonb,
    origin text NOT NULL DEFAULT 'trained',
    max_tokens integer,
    CONSTRAINT reward_models_origin CHECK (
CASE origin
    WHEN 'trained'::text THEN num_nulls(pair_set_id, base_policy_version_id, hyperparameters) = 0 AND max_tokens IS NULL
    WHEN 'uploaded'::text THEN num_nonnulls(job_id, pair_set_id, base_policy_version_id, hyperparameters, evaluation) = 0 AND num_nulls(model_id, max_tokens) = 0
    ELSE false
END)
  );
  CREATE TABLE reward_model_members (
    reward_model_id uuid NOT NULL REFERENCES reward_models,
    member integer NOT NULL CHECK (member >= 0),
    model_id uuid NOT NULL REFERENCES models,
    training jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    adapter jsonb,
    PRIMARY KEY (reward_model_id, member)
  );
  CREATE TABLE completion_scores (
    reward_model_id uuid NOT NULL REFERENCES reward_models,
    completion_id uuid NOT NULL REFERENCES completions,
    score double precision NOT NULL,
    member_scores double precision[],
    PRIMARY KEY (reward_model_id, completion_id)
  );
  CREATE INDEX completion_scores_of_completion ON completion_scores (completion_id, reward_model_id);
  -- A text is kept until it has its score; afterwards its hash finds the score.
  CREATE TABLE text_scores (
    reward_model_id uuid NOT NULL REFERENCES reward_models,
    text_hash text NOT NULL,
    prompt text,
    completion text,
    score double precision,
    member_scores double precision[],
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reward_model_id, text_hash),
    CHECK ((score IS NULL) = (prompt IS NOT NULL) AND (prompt IS NULL) = (completion IS NULL))
  );
  CREATE INDEX text_scores_waiting ON text_scores (reward_model_id, created_at) WHERE (score IS NULL);`;

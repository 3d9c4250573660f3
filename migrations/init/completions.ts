/** Batches of completions, the completions, and prompts that could not be answered. */
export const completions = `
  CREATE TABLE completion_batches (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    sampling jsonb NOT NULL,
    completion_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    weights text NOT NULL DEFAULT 'f32',
    max_failed_share double precision NOT NULL DEFAULT 0.1,
    failed_count integer NOT NULL DEFAULT 0
  );
  CREATE TABLE completions (
    id uuid PRIMARY KEY,
    prompt_id uuid NOT NULL REFERENCES prompts,
    text text NOT NULL,
    policy_version_id uuid REFERENCES policy_versions,
    batch_id uuid REFERENCES completion_batches,
    sample_index integer,
    source text,
    external_id text UNIQUE,
    finish_reason text,
    prompt_tokens integer,
    completion_tokens integer,
    seed bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    reasoning text,
    tool_calls jsonb,
    refusal boolean NOT NULL DEFAULT false,
    UNIQUE (batch_id, prompt_id, sample_index)
  );
  CREATE INDEX completions_of_prompt ON completions (prompt_id, id);
  CREATE INDEX completions_of_version ON completions (policy_version_id, id);
  CREATE TABLE completion_failures (
    batch_id uuid NOT NULL REFERENCES completion_batches ON DELETE CASCADE,
    prompt_id uuid NOT NULL REFERENCES prompts,
    code text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, prompt_id)
  );`;

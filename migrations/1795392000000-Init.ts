import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The whole first schema, in pipeline order. Ids are UUIDv7 made by the application, so that
 * `order by id` is order of creation and cursors need no second column.
 */
export class Init1795392000000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    for (const sql of [auth, jobs, artifacts, prompts, policies, completions, ratings, pairs, reward, training]) {
      await q.query(sql);
    }
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TABLE comparison_judgements, comparison_items, comparisons, training_samples, training_runs,
        completion_scores, reward_models, pair_set_ratings, pairs, pair_sets, ratings, labelers, criterion_versions,
        criteria, completions, completion_batches, policy_aliases, policy_versions, policies, prompt_set_members,
        prompt_sets, prompts, lineage_edges, model_files, models, artifacts, job_logs, job_metrics, job_events,
        outbox, jobs, idempotency_keys, api_keys, vendors CASCADE;
      DROP FUNCTION ratings_refuse_change`);
  }
}

const auth = `
  CREATE TABLE vendors (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    vendor_id uuid REFERENCES vendors,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  );
  CREATE TABLE idempotency_keys (
    api_key_id uuid NOT NULL REFERENCES api_keys,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    headers jsonb,
    body jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, key)
  );
  CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);`;

const jobs = `
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
  CREATE INDEX jobs_leases ON jobs (lease_expires_at) WHERE lease_expires_at IS NOT NULL;
  CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs,
    queue text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    dispatched_at timestamptz
  );
  CREATE INDEX outbox_waiting ON outbox (id) WHERE dispatched_at IS NULL;
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
  CREATE INDEX job_logs_of_job ON job_logs (job_id, id);`;

const artifacts = `
  CREATE TABLE artifacts (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    media_type text NOT NULL,
    file_name text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX artifacts_by_content ON artifacts (sha256);
  CREATE TABLE models (
    id uuid PRIMARY KEY,
    content_hash text NOT NULL UNIQUE,
    architecture text NOT NULL,
    parameter_count bigint NOT NULL,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE model_files (
    model_id uuid NOT NULL REFERENCES models,
    name text NOT NULL,
    artifact_id uuid NOT NULL REFERENCES artifacts,
    PRIMARY KEY (model_id, name)
  );
  CREATE TABLE lineage_edges (
    parent_type text NOT NULL,
    parent_id uuid NOT NULL,
    child_type text NOT NULL,
    child_id uuid NOT NULL,
    relation text NOT NULL,
    PRIMARY KEY (parent_type, parent_id, child_type, child_id, relation)
  );
  CREATE INDEX lineage_upwards ON lineage_edges (child_type, child_id);`;

const prompts = `
  CREATE TABLE prompts (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    external_id text UNIQUE,
    tags text[] NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE prompt_sets (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text,
    prompt_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE prompt_set_members (
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    position integer NOT NULL,
    prompt_id uuid NOT NULL REFERENCES prompts,
    PRIMARY KEY (prompt_set_id, position),
    UNIQUE (prompt_set_id, prompt_id)
  );`;

const policies = `
  CREATE TABLE policies (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE policy_versions (
    id uuid PRIMARY KEY,
    policy_id uuid NOT NULL REFERENCES policies,
    number integer NOT NULL,
    model_id uuid NOT NULL REFERENCES models,
    parent_version_id uuid REFERENCES policy_versions,
    origin text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (policy_id, number)
  );
  CREATE TABLE policy_aliases (
    policy_id uuid NOT NULL REFERENCES policies,
    alias text NOT NULL,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (policy_id, alias)
  );`;

const completions = `
  CREATE TABLE completion_batches (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    sampling jsonb NOT NULL,
    completion_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
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
    UNIQUE (batch_id, prompt_id, sample_index)
  );
  CREATE INDEX completions_of_prompt ON completions (prompt_id, id);
  CREATE INDEX completions_of_version ON completions (policy_version_id, id);`;

const ratings = `
  CREATE TABLE criteria (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
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
  CREATE TABLE ratings (
    id uuid PRIMARY KEY,
    completion_id uuid NOT NULL REFERENCES completions,
    criterion_version_id uuid NOT NULL REFERENCES criterion_versions,
    labeler_id uuid NOT NULL REFERENCES labelers,
    score double precision NOT NULL,
    position integer,
    time_spent_ms integer,
    rationale text,
    vendor_id uuid REFERENCES vendors,
    external_id text,
    supersedes_id uuid REFERENCES ratings,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX ratings_external ON ratings (vendor_id, external_id) NULLS NOT DISTINCT WHERE external_id IS NOT NULL;
  CREATE UNIQUE INDEX ratings_superseded ON ratings (supersedes_id) WHERE supersedes_id IS NOT NULL;
  CREATE INDEX ratings_of_completion ON ratings (completion_id, criterion_version_id);
  CREATE INDEX ratings_of_criterion ON ratings (criterion_version_id, id);
  CREATE INDEX ratings_of_labeler ON ratings (labeler_id, id);
  CREATE FUNCTION ratings_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'ratings are append-only: supersede instead'; END $$;
  CREATE TRIGGER ratings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ratings
    FOR EACH STATEMENT EXECUTE FUNCTION ratings_refuse_change();`;

// Without foreign keys on the two large tables: one statement fills them from the very tables they would point
// to, whose rows are never deleted, and checking each row again took nine tenths of the building of a set.
const pairs = `
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
    PRIMARY KEY (pair_set_id, ordinal)
  );
  CREATE TABLE pair_set_ratings (
    pair_set_id uuid NOT NULL,
    rating_id uuid NOT NULL,
    PRIMARY KEY (pair_set_id, rating_id)
  );
  CREATE INDEX pair_sets_of_rating ON pair_set_ratings (rating_id);`;

const reward = `
  CREATE TABLE reward_models (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    name text NOT NULL UNIQUE,
    pair_set_id uuid NOT NULL REFERENCES pair_sets,
    base_policy_version_id uuid NOT NULL REFERENCES policy_versions,
    hyperparameters jsonb NOT NULL,
    model_id uuid REFERENCES models,
    evaluation jsonb,
    trained_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE completion_scores (
    reward_model_id uuid NOT NULL REFERENCES reward_models,
    completion_id uuid NOT NULL REFERENCES completions,
    score double precision NOT NULL,
    PRIMARY KEY (reward_model_id, completion_id)
  );`;

const training = `
  CREATE TABLE training_runs (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    method text NOT NULL,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    reward_model_id uuid REFERENCES reward_models,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    hyperparameters jsonb NOT NULL,
    result_policy_version_id uuid REFERENCES policy_versions,
    summary jsonb,
    verdict jsonb,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  );
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
    PRIMARY KEY (training_run_id, step, sample_index)
  );
  CREATE TABLE comparisons (
    id uuid PRIMARY KEY,
    job_id uuid REFERENCES jobs,
    baseline_version_id uuid NOT NULL REFERENCES policy_versions,
    candidate_version_id uuid NOT NULL REFERENCES policy_versions,
    prompt_set_id uuid NOT NULL REFERENCES prompt_sets,
    sampling jsonb NOT NULL,
    judge jsonb NOT NULL,
    item_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
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

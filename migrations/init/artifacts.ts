/** Contents by their hash, models made of them, saves of runs, and lineage. */
export const artifacts = `
  CREATE TABLE artifact_store (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
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
  CREATE TABLE content_claims (
    id uuid PRIMARY KEY,
    sha256 text NOT NULL,
    until timestamptz NOT NULL
  );
  CREATE INDEX content_claims_of_content ON content_claims (sha256);
  CREATE INDEX content_claims_over ON content_claims (until);
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
  CREATE INDEX lineage_upwards ON lineage_edges (child_type, child_id);
  CREATE TABLE run_saves (
    owner_id uuid NOT NULL,
    step integer NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, step)
  );`;

/** Policies, their versions and aliases. */
export const policies = `
  CREATE TABLE policies (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  -- Either stored weights or an endpoint.
  CREATE TABLE policy_versions (
    id uuid PRIMARY KEY,
    policy_id uuid NOT NULL REFERENCES policies,
    number integer NOT NULL,
    model_id uuid REFERENCES models,
    parent_version_id uuid REFERENCES policy_versions,
    origin text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    endpoint jsonb,
    UNIQUE (policy_id, number),
    CONSTRAINT policy_versions_model_or_endpoint CHECK ((model_id IS NULL) <> (endpoint IS NULL))
  );
  CREATE TABLE policy_aliases (
    policy_id uuid NOT NULL REFERENCES policies,
    alias text NOT NULL,
    policy_version_id uuid NOT NULL REFERENCES policy_versions,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (policy_id, alias)
  );`;

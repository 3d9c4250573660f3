/** Prompts and their sets. */
export const prompts = `
  CREATE TABLE prompts (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    external_id text UNIQUE,
    tags text[] NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    text_key text NOT NULL,
    conversation jsonb
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
    PRIMARY KEY (prompt_set_id, "position"),
    UNIQUE (prompt_set_id, prompt_id)
  );`;

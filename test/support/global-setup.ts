// One embedded Postgres for the whole test run, with a migrated template database; each spec file takes
// its own copy (see database.ts), which costs about 50 ms.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

export const templateName = 'plumbline_template';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];
  const postgres = await startEmbeddedPostgres({ dir, settings });
  const template = new URL(postgres.url);
  template.pathname = `/${templateName}`;
  await ensureDatabase(template.href);
  await migrate(template.href);
  await prepareQueueSchema(template.href);
  // A template must have no connection left; pools close a moment after they say so.
  const client = new Client({ connectionString: postgres.url.replace(/\/plumbline$/, '/postgres') });
  await client.connect();
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [templateName]);
  await client.end();
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  };
}

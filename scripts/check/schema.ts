// Do the migrations, run on an empty database, give the tables that the entities describe? Indexes and
// constraints made by hand in migrations are not known to entities and are left alone.
import { NestFactory } from '@nestjs/core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AppModule } from '#src/app.module.js';
import { readConfig } from '#src/config/config.js';
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';

const structural = /^(CREATE TABLE|ALTER TABLE \S+ (ADD|DROP) "|ALTER TABLE \S+ (ADD COLUMN|DROP COLUMN|ALTER COLUMN|RENAME))/;

export async function checkSchema(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-check-'));
  const postgres = await startEmbeddedPostgres({ dir, settings: ['fsync=off'] });
  try {
    await ensureDatabase(postgres.url);
    await migrate(postgres.url);
    await prepareQueueSchema(postgres.url);
    const config = readConfig({ DATABASE_URL: postgres.url, PLUMBLINE_DATA_DIR: dir });
    const app = await NestFactory.createApplicationContext(AppModule.forRoot(config), { logger: ['error'], abortOnError: false });
    const dataSource = app.get(DataSource);
    const pending = await dataSource.showMigrations();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    const drift = upQueries.map(({ query }) => query).filter((query) => structural.test(query) && !isConstraint(query));
    await app.close();
    for (const query of drift) console.log(`entities and migrations differ: ${query}`);
    if (pending) console.log('a migration is pending after all have run');
    return drift.length === 0 && !pending;
  } finally {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function isConstraint(query: string): boolean {
  return /\b(ADD|DROP) CONSTRAINT\b/.test(query) || /ALTER COLUMN \S+ (SET|DROP) DEFAULT/.test(query);
}

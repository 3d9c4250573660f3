import { DataSource, type QueryRunner } from 'typeorm';
import { ConfigError } from '../config/config.js';
import { dataSourceOptions } from './data-source.js';
import { Client } from 'pg';

/** Creates the database that `url` names, when it is not there yet. */
export async function ensureDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.href });
  // As in prepareQueueSchema: the failure of the statement is enough.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    // Two processes may both have seen it missing.
    if ((error as { code?: string }).code !== '42P04') throw error;
  } finally {
    await client.end();
  }
}

/** Any constant works: it only has to be the same in every process of Plumbline. */
const lockKey = 715_202_611;

/**
 * Brings the schema up to date. Processes that start together wait for one another.
 *
 * @returns names of the migrations that were applied
 * @throws ConfigError if another version of Plumbline made the schema, and this one doesn't know all of it; nothing is changed
 */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await new DataSource(dataSourceOptions(url)).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [lockKey]);
    await refuseStrangers(lock, dataSource);
    const applied = await dataSource.runMigrations();
    return applied.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}

async function refuseStrangers(runner: QueryRunner, { migrations }: DataSource): Promise<void> {
  if (!(await runner.hasTable('migrations'))) return;
  const known = new Set(migrations.map((migration) => migration.constructor.name));
  const rows = (await runner.query('SELECT name FROM migrations ORDER BY id')) as { name: string }[];
  const strange = rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (!strange.length) return;
  throw new ConfigError([
    `DATABASE_URL: another version of Plumbline made this database, and this version doesn't know its migration ${strange.at(-1)}. ` +
      'Start the version that made it, or a later one; or give this one an empty database (DATABASE_URL, or DATA_DIR for the embedded one). Nothing was changed.',
  ]);
}

import { DataSource, type QueryRunner } from 'typeorm';
import { ConfigError } from '../config/config.js';
import { dataSourceOptions } from './data-source.js';

/** Any constant will do: it only has to be the same in every process of Plumbline. */
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

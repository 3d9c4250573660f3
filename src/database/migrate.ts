import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any constant works: it only has to be the same in every process of Plumbline. */
const lockKey = 715_202_611;

/**
 * Brings the schema up to date. Processes that start together wait for one another.
 *
 * @returns names of the migrations that were applied
 */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await new DataSource(dataSourceOptions(url)).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [lockKey]);
    const applied = await dataSource.runMigrations();
    return applied.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}

import type { DataSourceOptions } from 'typeorm';
import { Init1795824000000 } from '../../migrations/1795824000000-Init.js';
import { acquireSeconds } from './ambient-data-source.js';
import { DefaultNamingStrategy } from 'typeorm';

/** In the order in which they run. */
const migrations = [Init1795824000000];

/** @param poolSize connections that one process may hold */
export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    migrations,
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNaming(),
    synchronize: false,
    poolSize,
    connectTimeoutMS: acquireSeconds * 1000,
    applicationName: 'plumbline',
    // Without this, the server keeps running the statement of a killed process and holds its locks.
    extra: { options: '-c client_connection_check_interval=5000' },
  };
}

/** camelCase in TypeScript, snake_case in SQL. */
class SnakeNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snake([...prefixes, customName ?? propertyName].join('_'));
  }
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { AmbientDataSource } from './ambient-data-source.js';
import { Database } from './database.js';
import { dataSourceOptions } from './data-source.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        ...dataSourceOptions(config.databaseUrl!, config.databasePoolSize),
        autoLoadEntities: true,
        retryAttempts: 5,
      }),
      dataSourceFactory: (options) => new AmbientDataSource(options!).initialize(),
    }),
  ],
  providers: [Database],
  exports: [Database, TypeOrmModule],
})
export class DatabaseModule {}

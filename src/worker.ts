// The worker process: takes jobs of its queues and runs models. node dist/src/worker.js [--queues a,b]
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { setPriority } from 'node:os';
import { PinoLogger } from './http/logger.js';
import { setDefaultThreads } from './nn/session.js';
import { prepare, run, stopWithParent, queuesOf } from '#src/process/process.js';
import { startProvider } from './process/start-provider.js';
import { reportHealth } from './process/worker-health.js';
import { WorkerModule } from './worker.module.js';

/** Where both run on one machine the API stays quick while a worker trains; lowering needs no privilege. */
const niceness = 10;

await run(async () => {
  setPriority(niceness);
  const queues = queuesOf(process.argv.slice(2));
  const config = await prepare();
  setDefaultThreads(config.computeThreads);
  await startProvider(config.executionProvider);
  const logger = new PinoLogger(config, 'worker');
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config, queues), { logger, abortOnError: false });
  app.enableShutdownHooks();
  stopWithParent(() => app.close());
  reportHealth(config.dataDir);
  process.send?.({ ready: true });
});

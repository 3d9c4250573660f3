// A process that sends webhooks and nothing else, as the specs need it.
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '#src/config/config.module.js';
import { readConfig } from '#src/config/config.js';
import { WebhooksWorkerModule } from '#src/webhooks/webhooks-worker.module.js';

export async function startSender(env: Record<string, string | undefined>): Promise<INestApplicationContext> {
  const config = readConfig({ ALLOW_PRIVATE_WEBHOOKS: 'true', LOG_LEVEL: 'silent', ...env });
  @Module({ imports: [ConfigModule.forRoot(config), WebhooksWorkerModule] })
  class Root {}
  return NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
}

// npm run openapi: writes openapi.json from the compiled controllers; with --check it only compares.
// Preview mode resolves routes and types without a database.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { readFileSync, writeFileSync } from 'node:fs';
import { AppModule } from '#src/app.module.js';
import { readConfig } from '#src/config/config.js';
import { Problem, ProblemDetail } from '#src/common/problem.js';
import { completeDocument } from './document.js';
import { routesOf } from './routes.js';
import { tags } from './tags.js';

const document = await createDocument();
const text = `${JSON.stringify(document, null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync('openapi.json', 'utf8') !== text) {
    console.error('openapi.json is stale: run `npm run openapi && npm run sdk` and commit both');
    process.exit(1);
  }
} else {
  writeFileSync('openapi.json', text);
}
process.exit(0);

async function createDocument(): Promise<OpenAPIObject> {
  const config = readConfig({ DATABASE_URL: 'postgres://preview@127.0.0.1/preview' });
  const app = await NestFactory.create(AppModule.forRoot(config), new FastifyAdapter(), { preview: true, logger: false });
  app.setGlobalPrefix('v1', { exclude: ['healthz', 'readyz', 'metrics'] });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Plumbline')
    .setDescription(readFileSync('tools/openapi/introduction.md', 'utf8').trim())
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addSecurity('apiKey', { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer plk_...`' })
    .addSecurityRequirements('apiKey');
  for (const [name, description] of Object.entries(tags)) base.addTag(name, description);
  const routes = routesOf(app);
  return completeDocument(SwaggerModule.createDocument(app, base.build(), { extraModels: [Problem, ProblemDetail] }), routes);
}

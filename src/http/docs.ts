import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findUpwards } from './find-upwards.js';

/**
 * Serves the committed OpenAPI document at /openapi.json and a reader for it at /docs. The file is used, not
 * a document made at boot, so that what clients were generated from is what they see.
 */
export function serveDocs(app: NestFastifyApplication): void {
  const file = findUpwards(import.meta.url, 'openapi.json');
  if (file === undefined) return;
  const document = JSON.parse(readFileSync(file, 'utf8')) as OpenAPIObject;
  const whole = served(document);
  const reduced = served({ ...document, webhooks: undefined });
  app
    .getHttpAdapter()
    .getInstance()
    .get<{ Querystring: { webhooks?: string } }>('/openapi.json', (request, reply) => {
      // Some generators write code that does not compile for `webhooks`.
      const { body, etag } = request.query.webhooks === 'false' ? reduced : whole;
      void reply.header('etag', etag).header('cache-control', 'public, max-age=300, must-revalidate');
      const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
      if (known.includes(etag) || known.includes('*')) return reply.status(304).send();
      return reply.type('application/json; charset=utf-8').send(body);
    });
  SwaggerModule.setup('docs', app, document, { raw: false, customSiteTitle: 'Plumbline API' });
}

function served(document: object): { body: string; etag: string } {
  const body = JSON.stringify(document);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { createHash } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';

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

/** The nearest `path` in a folder above `module`, which lies elsewhere in `dist/` than in the sources. */
function findUpwards(module: string, path: string): string | undefined {
  for (let dir = dirname(fileURLToPath(module)); dirname(dir) !== dir; dir = dirname(dir)) {
    if (existsSync(join(dir, path))) return join(dir, path);
  }
  return undefined;
}

/** Stricter than the rest of the site: the page loads everything from this server. */
const contentSecurityPolicy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join(';');

/** Serves the labeler's page (`web/`, built into `dist/web/label`) at /label/; without a build there is no page. */
export async function serveLabelPage(app: NestFastifyApplication): Promise<void> {
  const root = findUpwards(import.meta.url, 'dist/web/label');
  if (root === undefined) return;
  // Links are to /label; a redirect keeps their fragment.
  app.getHttpAdapter().getInstance().get('/label', (_request, reply) => reply.redirect('/label/', 308));
  await app.register(fastifyStatic, {
    root,
    prefix: '/label/',
    // The API's documentation brings its own.
    decorateReply: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      response.header('content-security-policy', contentSecurityPolicy);
      // Names of assets hold a hash of their content; the page itself must be able to change.
      const asset = path.includes(`${sep}assets${sep}`);
      response.header('cache-control', asset ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

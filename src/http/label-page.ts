import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { sep } from 'node:path';
import { findUpwards } from './find-upwards.js';

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

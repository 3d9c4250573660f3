import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
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
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', customSiteTitle: 'Plumbline API' });
}

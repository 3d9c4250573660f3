import type { OpenAPIObject } from '@nestjs/swagger';
import { eventSchemas, webhooks } from '#src/webhooks/openapi.js';

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;
const publicPaths = ['/healthz', '/readyz'];

/** Adds what holds for every operation (problem documents, `Idempotency-Key` on each POST), and the webhooks. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  const problem = {
    description: 'A problem document (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  document.servers = [{ url: '/' }];
  for (const [path, item] of Object.entries(document.paths)) {
    const open = publicPaths.includes(path);
    for (const method of methods) {
      const operation = item[method];
      if (!operation) continue;
      const statuses = open ? ['429', '503'] : ['400', '401', '403', '422', '429', '500'];
      if (path.includes('{')) statuses.push('404');
      if (method !== 'get') statuses.push('409', '413', '415');
      for (const status of statuses) operation.responses[status] ??= problem;
      if (open) operation.security = [];
      operation.summary ||= readable(operation.operationId ?? path);
      if (method === 'post') (operation.parameters ??= []).push(idempotencyKey);
    }
  }
  Object.assign((document.components ??= {}).schemas ??= {}, eventSchemas());
  return { ...(unwrapSingles(document) as OpenAPIObject), webhooks: webhooks() };
}

/** `allOf: [{$ref}]` becomes the `$ref` itself: OpenAPI 3.1 lets it have neighbours. */
function unwrapSingles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSingles);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, unwrapSingles(inner)] as const);
  const { allOf, ...rest } = Object.fromEntries(entries) as { allOf?: object[] };
  if (allOf?.length === 1 && '$ref' in allOf[0]) return { ...rest, ...allOf[0] };
  return Object.fromEntries(entries);
}

/** `pairSets_create` -> `Pair sets: create`, where a route has no words of its own. */
function readable(operationId: string): string {
  const [resource, action = ''] = operationId.split('_').map((part) => part.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
  return `${resource[0].toUpperCase()}${resource.slice(1)}: ${action}`;
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'A repeat with the same key and request gets the first answer again, for 24 hours',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

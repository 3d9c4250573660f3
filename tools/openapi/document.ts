// Adds to the document what holds for every operation and every schema.
import type { OpenAPIObject } from '@nestjs/swagger';
import { eventSchemas, webhooks } from '#src/webhooks/openapi.js';
import { closeRequests } from './closed-requests.js';
import { sampleOf } from './examples.js';
import { openEnumerations } from './open-enumerations.js';
import { problemCodes } from './problem-codes.js';
import { refName } from './reach.js';
import type { Route, Schema } from './routes.js';
import { summaryOf } from './summaries.js';
import { applyRules, validatedClasses } from './validators.js';

interface Answer {
  description: string;
  headers?: Schema;
  content?: Record<string, { schema: Schema; example?: unknown }>;
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema; example?: unknown }[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, Answer | { $ref: string }>;
  [extension: `x-${string}`]: unknown;
}

export interface Document {
  paths: Record<string, Partial<Record<(typeof methods)[number], Operation>>>;
  components: { schemas: Record<string, Schema>; headers?: Schema; responses?: Schema; [other: string]: unknown };
  [other: string]: unknown;
}

export const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

/** @throws Error where the document and the tables of this folder disagree */
export function completeDocument(raw: OpenAPIObject, routes: Map<string, Route>): OpenAPIObject {
  const document = unwrapSingles(raw) as Document;
  const { schemas } = document.components;
  document.servers = [{ url: '/', description: 'This server' }];
  Object.assign(schemas, eventSchemas());
  const classes = validatedClasses();
  for (const [name, schema] of Object.entries(schemas)) {
    const type = classes.get(name);
    if (type) applyRules(type, (property) => (schema.properties as Record<string, Schema> | undefined)?.[property]);
    // A class that is one of several has no shape besides theirs.
    if (schema.oneOf) for (const key of ['type', 'properties', 'required']) delete schema[key];
  }
  document.components.headers = headers;
  document.components.responses = sharedProblems;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (operation) completeOperation(operation, method, path, routes.get(operation.operationId)!, schemas);
    }
  }
  const strangers = Object.keys(problemCodes).filter((id) => !routes.has(id));
  if (strangers.length > 0) throw new Error(`problem-codes.ts names operations that are none: ${strangers.join(', ')}`);
  openEnumerations(document);
  closeRequests(document);
  for (const { requestBody } of operationsOf(document)) {
    for (const [type, body] of Object.entries(requestBody?.content ?? {})) {
      if (type === 'application/json') body.example = sampleOf(body.schema, schemas);
    }
  }
  return { ...document, webhooks: webhooks() } as unknown as OpenAPIObject;
}

export function operationsOf(document: Document): Operation[] {
  return Object.values(document.paths).flatMap((item) => methods.flatMap((method) => item[method] ?? []));
}

function completeOperation(operation: Operation, method: string, path: string, route: Route, schemas: Document['components']['schemas']): void {
  const comment = operation.summary ?? '';
  operation.summary = summaryOf(operation.operationId);
  operation.description = [comment.replaceAll(/\s*\n\s*/g, ' ').trim(), access(route)].filter(Boolean).join('\n\n');
  if (route.isPublic) operation.security = [];
  else Object.assign(operation, { 'x-required-scopes': route.scopes, 'x-open-to-vendors': route.openToVendors, 'x-open-to-labelers': route.openToLabelers });
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === 'path') Object.assign(parameter.schema, route.pathParams[parameter.name]);
  }
  for (const type of route.queries) {
    applyRules(type, (name) => operation.parameters?.find((parameter) => parameter.in === 'query' && parameter.name === name)?.schema);
  }
  if (method === 'post') (operation.parameters ??= []).push(idempotencyKey);
  completeAnswers(operation, method === 'post', schemas);
  completeProblems(operation, method, path, route);
}

function access({ isPublic, scopes, openToVendors, openToLabelers }: Route): string {
  if (isPublic) return 'Needs no key.';
  const needs = scopes.length === 0 ? 'Needs a key with any scope.' : `Needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' and ')}.`;
  const vendors = openToVendors ? ' Open to vendor keys, which see only their own data.' : ' Not open to vendor keys.';
  return needs + vendors + (openToLabelers ? " Open to labeler sessions." : '');
}

const statusTexts: Record<string, string> = {
  200: 'Success',
  201: 'Created',
  202: 'Accepted; a job or a delivery follows',
  204: 'Success; the response has no body',
};

function completeAnswers(operation: Operation, posts: boolean, schemas: Document['components']['schemas']): void {
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (!/^[23]/.test(status) || '$ref' in answer) continue;
    answer.description ||= statusTexts[status] ?? status;
    const names = [
      ...(status === '201' ? ['Location'] : []),
      ...(status === '202' && namesJob(answer, schemas) ? ['Location', 'Retry-After'] : []),
      ...(posts ? ['Idempotency-Replayed'] : []),
      ...rateLimits,
    ];
    const shared = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
    answer.headers = { ...shared, ...answer.headers };
  }
}

/** The answer is a job, or a resource that a job fills. */
function namesJob({ content }: Answer, schemas: Document['components']['schemas']): boolean {
  const name = refName(content?.['application/json']?.schema ?? {});
  const { properties, oneOf = [] } = schemas[name ?? ''] as { properties?: Schema; oneOf?: Schema[] };
  const [first] = oneOf.map((each) => schemas[refName(each)!].properties as Schema);
  return name === 'JobDto' || (properties ?? first)?.jobId !== undefined;
}

/** What any operation of the kind may answer; `problem-codes.ts` has what only some do. */
function completeProblems(operation: Operation, method: string, path: string, route: Route): void {
  const codes: Record<string, Set<string>> = {};
  const add = (status: number, ...some: string[]) => some.forEach((code) => (codes[status] ??= new Set()).add(code));
  const has = (where: string) => operation.parameters?.some((parameter) => parameter.in === where) === true;
  const hasBody = operation.requestBody !== undefined;
  if (hasBody || has('path') || has('query')) add(400, 'malformed_request', ...(hasBody ? ['not_utf8'] : []));
  if (operation.parameters?.some(({ name }) => name === 'cursor')) add(400, 'invalid_cursor');
  if (!route.isPublic && (route.scopes.length > 0 || !route.openToVendors || !route.openToLabelers)) {
    add(403, ...(route.scopes.length > 0 ? ['scope_missing'] : []), ...(route.openToVendors ? [] : ['not_for_vendors']), ...(route.openToLabelers ? [] : ['not_for_labelers']));
  }
  if (hasBody || has('query') || has('path')) add(422, 'validation_failed', ...(hasBody || has('query') ? ['unknown_field'] : []));
  const [, resource] = /^\/v1\/([a-z-]+)\/\{id\}/.exec(path) ?? [];
  if (resource) add(404, `${singular(resource)}_not_found`);
  if (hasBody) {
    add(408, 'request_timeout');
    add(413, 'body_too_large');
    add(415, 'unsupported_media_type', 'unsupported_charset', 'unsupported_encoding');
    add(507, 'storage_full', 'artifact_store_full');
  }
  if (method === 'post') {
    add(409, 'idempotency_key_in_use', ...(route.secretAnswer ? ['answer_not_kept'] : []));
    add(422, 'idempotency_key_reused', 'idempotency_key_invalid');
  }
  for (const [status, some] of Object.entries(problemCodes[operation.operationId] ?? {})) add(Number(status), ...some);
  for (const [status, set] of Object.entries(codes)) {
    const some = [...set];
    const shared = Object.entries(sharedProblems).find(([, { 'x-problem-codes': theirs }]) => theirs.join() === some.join());
    operation.responses[status] ??= shared ? { $ref: `#/components/responses/${shared[0]}` } : problem(Number(status), some);
  }
  if (has('path')) operation.responses[414] ??= { $ref: '#/components/responses/UriTooLong' };
  const always = route.isPublic
    ? { 429: 'TooManyRequests', 503: 'Unavailable' }
    : { 401: 'Unauthorized', 429: 'TooManyRequests', 500: 'InternalError', 503: 'Unavailable' };
  for (const [status, name] of Object.entries(always)) operation.responses[status] ??= { $ref: `#/components/responses/${name}` };
}

/** `labeling-batches` -> `labeling_batch` */
function singular(resource: string): string {
  const name = resource.replaceAll('-', '_');
  return name === 'criteria' ? 'criterion' : name.replace(/(ies|ches|s)$/, (ending) => ({ ies: 'y', ches: 'ch' })[ending] ?? '');
}

const titles: Record<number, string> = {
  400: 'The request could not be read',
  401: 'A valid API key is required',
  403: 'The API key does not allow this request',
  404: 'Not found',
  409: 'Conflict with stored data',
  413: 'The body is too large',
  414: 'The path is too long',
  415: 'The media type is not supported',
  408: 'The request arrived too slowly',
  410: 'The content is missing',
  416: 'The range is not satisfiable',
  422: 'The request cannot be processed',
  429: 'Too many requests',
  500: 'Internal error; the cause is in the server log',
  503: 'The service is not ready',
  507: 'Not enough storage',
};

function problem(status: number, codes: string[], headers?: Schema): Answer & { 'x-problem-codes': string[] } {
  const code = codes.at(-1);
  const title = titles[status];
  return {
    description: codes.length > 0 ? `${title}. Codes: ${codes.map((each) => `\`${each}\``).join(', ')}` : title,
    ...(headers && { headers }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        ...(code && { example: { type: `https://plumbline.dev/problems/${code}`, code, title, status } }),
      },
    },
    'x-problem-codes': codes,
  };
}

const rateLimits = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

const headers = {
  Location: { description: 'URI of the resource or the job', schema: { type: 'string', format: 'uri-reference' }, example: '/v1/jobs/019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00' },
  'Retry-After': { description: 'Seconds to wait before the next request', schema: { type: 'integer', minimum: 0 }, example: 1 },
  'Idempotency-Replayed': { description: '`true` when the response of an earlier request is repeated', schema: { type: 'string', const: 'true' } },
  'WWW-Authenticate': { description: '`Bearer`', schema: { type: 'string' } },
  'X-RateLimit-Limit': { description: 'Requests allowed per minute', schema: { type: 'integer' }, example: 6000 },
  'X-RateLimit-Remaining': { description: 'Requests left in the current minute', schema: { type: 'integer' }, example: 5999 },
  'X-RateLimit-Reset': { description: 'Seconds until the current minute ends', schema: { type: 'integer' }, example: 60 },
};

const ref = (name: string) => ({ [name]: { $ref: `#/components/headers/${name}` } });

/** Answers that many operations have alike. */
const sharedProblems = {
  MalformedRequest: problem(400, ['malformed_request']),
  UnreadableBody: problem(400, ['malformed_request', 'not_utf8']),
  InvalidCursor: problem(400, ['malformed_request', 'invalid_cursor']),
  Unauthorized: problem(401, ['api_key_missing', 'api_key_invalid'], ref('WWW-Authenticate')),
  OwnersOnly: problem(403, ['scope_missing', 'not_for_vendors', 'not_for_labelers']),
  NotForLabelers: problem(403, ['scope_missing', 'not_for_labelers']),
  BodyTooLarge: problem(413, ['body_too_large']),
  UriTooLong: problem(414, []),
  UnsupportedMediaType: problem(415, ['unsupported_media_type', 'unsupported_charset', 'unsupported_encoding']),
  RequestTimeout: problem(408, ['request_timeout']),
  StorageFull: problem(507, ['storage_full', 'artifact_store_full']),
  TooManyRequests: problem(429, ['rate_limited'], { ...ref('Retry-After'), ...Object.fromEntries(rateLimits.flatMap((name) => Object.entries(ref(name)))) }),
  InternalError: problem(500, ['internal_error']),
  Unavailable: problem(503, ['unavailable', 'database_busy', 'database_unavailable', 'artifact_store_unavailable'], ref('Retry-After')),
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'For 24 hours, a repeated request with the same key gets the first response again',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

/** `allOf: [{$ref}]` becomes the `$ref` itself: OpenAPI 3.1 lets it have neighbours. */
function unwrapSingles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSingles);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, unwrapSingles(inner)] as const);
  const { allOf, ...rest } = Object.fromEntries(entries) as { allOf?: object[] };
  if (allOf?.length === 1 && '$ref' in allOf[0]) return { ...rest, ...allOf[0] };
  return Object.fromEntries(entries);
}

// Every answer of the API in the tests is held against openapi.json: its status, headers, media type, body and problem
// code have to be declared. A request that was carried out has to be valid by the document, too.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readFileSync } from 'node:fs';
import { pipeline, Readable, Transform } from 'node:stream';

interface Answer {
  $ref?: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, unknown>;
  'x-problem-codes'?: string[];
}

interface Operation {
  operationId: string;
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, Answer>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer> };
}

interface Schema {
  type?: unknown;
  properties?: object;
  additionalProperties?: unknown;
  unevaluatedProperties?: unknown;
  enum?: unknown;
  'x-extensible-enum'?: unknown;
}

const failures = new Set<string>();

/** What was found since the last call. */
export function takeConformanceFailures(): string[] {
  const found = [...failures];
  failures.clear();
  return found;
}

export function checkConformance(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    // A fault of the check itself must not become an answer.
    try {
      done(null, check(request, reply, payload));
    } catch (error) {
      failures.add(`conformance check: ${String(error)}`);
      done(null, payload);
    }
  });
}

function check(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const path = request.routeOptions.url?.replace(/:(\w+)/g, '{$1}');
  const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase();
  const { document } = judge();
  const operation = path === undefined ? undefined : document.paths[path]?.[method];
  if (!operation) return payload;
  const status = String(reply.statusCode);
  const fail = (what: string) => failures.add(`${operation.operationId} ${status}: ${what}`);
  const declared = operation.responses[status];
  if (!declared) {
    fail(`this status is not declared, ${shown(payload)}`);
    return payload;
  }
  const [answer, at] = declared.$ref ? [document.components.responses[declared.$ref.split('/').at(-1)!], declared.$ref.slice(2).split('/')] : [declared, ['paths', path!, method, 'responses', status]];
  checkHeaders(answer, reply, status, fail);
  if (reply.statusCode < 300) checkRequest(operation, ['paths', path!, method], request, fail);
  const type = String(reply.getHeader('content-type') ?? '').split(';')[0];
  if (payload === undefined || payload === null || payload === '') {
    if (answer.content && request.method !== 'HEAD') fail('the body is missing');
    return payload;
  }
  const declaredType = answer.content && [type, '*/*'].find((each) => answer.content![each] !== undefined);
  if (!declaredType) {
    fail(`the media type ${type} is not declared`);
    return payload;
  }
  // Content that somebody uploaded, whatever it is.
  if (declaredType === '*/*') return payload;
  const checkBody = (text: string) => {
    if (/[/+]json$/.test(type)) {
      const body: unknown = JSON.parse(text);
      const errors = judge().errors([...at, 'content', declaredType, 'schema'], body);
      if (errors) fail(errors);
      const { code } = body as { code?: string };
      const codes = answer['x-problem-codes'];
      if (type === 'application/problem+json' && codes && codes.length > 0 && !codes.includes(code!)) fail(`the code ${code} is not declared`);
    } else if (type === 'application/x-ndjson') {
      for (const line of text.split('\n').filter(Boolean)) {
        const errors = judge().errors([...at, 'content', declaredType, 'schema', 'x-ndjson-item'], JSON.parse(line));
        if (errors) fail(errors);
      }
    }
  };
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) checkBody(payload.toString());
  else if (payload instanceof Readable && /json$/.test(type)) return tapped(payload, checkBody);
  return payload;
}

/** The same bytes; `whole` gets them all when they have passed. */
function tapped(stream: Readable, whole: (text: string) => void): Readable {
  const chunks: Buffer[] = [];
  const tap = new Transform({
    transform(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done(null, chunk);
    },
    flush(done) {
      whole(Buffer.concat(chunks).toString());
      done();
    },
  });
  pipeline(stream, tap, () => undefined);
  return tap;
}

/** Where an answer without one would be of no use. */
const needed: Record<string, string[]> = { 202: ['Location'], 401: ['WWW-Authenticate'] };

function checkHeaders(answer: Answer, reply: FastifyReply, status: string, fail: (what: string) => void): void {
  for (const [name, header] of Object.entries(answer.headers ?? {})) {
    const value = reply.getHeader(name);
    if (value === undefined) {
      if (needed[status]?.includes(name)) fail(`the header ${name} is missing`);
    } else if (header.$ref) {
      const errors = judge().errors([...header.$ref.slice(2).split('/'), 'schema'], value, true);
      if (errors) fail(`header ${name}: ${errors}`);
    }
  }
  if (reply.getHeader('location') !== undefined && !answer.headers?.Location) fail('the header Location is not declared');
}

function checkRequest(operation: Operation, at: string[], request: FastifyRequest, fail: (what: string) => void): void {
  if (operation.requestBody?.content['application/json'] && request.body && !(request.body instanceof Readable)) {
    const errorsOf = (body: unknown) => judge().errors([...at, 'requestBody', 'content', 'application/json', 'schema'], body, false, true);
    // An optional field that is null counts as left out; the document names null only where it means something.
    const errors = errorsOf(request.body) && errorsOf(withoutNulls(request.body));
    if (errors) fail(`the request was carried out, and the document refuses it: ${errors}`);
  }
  for (const where of ['query', 'path'] as const) {
    for (const [name, value] of Object.entries((where === 'query' ? request.query : request.params) as Record<string, unknown>)) {
      const index = operation.parameters?.findIndex((each) => each.in === where && each.name === name) ?? -1;
      const errors = index < 0 ? 'is not declared' : judge().errors([...at, 'parameters', String(index), 'schema'], value, true, true);
      if (errors) fail(`${where} parameter ${name}: ${errors}`);
    }
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([key, inner]) => [key, withoutNulls(inner)]));
}

function shown(payload: unknown): string {
  return typeof payload === 'string' ? payload.slice(0, 200) : typeof payload;
}

interface Judge {
  document: Document;
  /** @param at where the schema stands in the document; @param isText the value came as text and is converted */
  errors(at: string[], value: unknown, isText?: boolean, isRequest?: boolean): string | undefined;
}

let instance: Judge | undefined;

/** Made at the first answer: many specs have none. */
function judge(): Judge {
  return (instance ??= makeJudge());
}

function makeJudge(): Judge {
  const text = readFileSync('openapi.json', 'utf8');
  const document = JSON.parse(text) as Document;
  // To clients answers may grow; here each of their fields and values has to be declared.
  const closed = JSON.parse(text) as Document;
  for (const schema of Object.values(closed.components.schemas)) {
    if (schema.type === 'object' && schema.properties && schema.additionalProperties === undefined) schema.unevaluatedProperties = false;
    if (schema['x-extensible-enum']) schema.enum = schema['x-extensible-enum'];
  }
  const judges = { answer: ajvOf(closed), request: ajvOf(document), answerText: ajvOf(closed, true), requestText: ajvOf(document, true) };
  const compiled = new Map<string, ValidateFunction>();
  return {
    document,
    errors: (at, value, isText = false, isRequest = false) => {
      const kind: keyof typeof judges = isRequest ? (isText ? 'requestText' : 'request') : isText ? 'answerText' : 'answer';
      const pointer = at.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
      const key = `${kind} ${pointer}`;
      const validate = compiled.get(key) ?? judges[kind].compile({ $ref: `openapi#/${pointer}` });
      compiled.set(key, validate);
      // Conversion writes into what it is given.
      const valid = isText ? validate({ value }.value) : validate(value);
      return valid ? undefined : validate.errors!.slice(0, 4).map(worded).join('; ');
    },
  };
}

function worded({ instancePath, message, params, schemaPath }: ErrorObject): string {
  return `${instancePath || '/'} ${message} ${JSON.stringify(params)} (${schemaPath.replace('#/components/schemas/', '')})`;
}

function ajvOf(document: Document, coerceTypes = false): Ajv2020 {
  const ajv = new Ajv2020({ strictSchema: true, strictTypes: false, strictTuples: false, strictRequired: false, coerceTypes: coerceTypes && 'array' });
  addFormats.default(ajv);
  ajv.addFormat('binary', true);
  ajv.addVocabulary([...Object.keys(document), 'example', 'discriminator', 'x-ndjson-item', 'x-extensible-enum', 'x-enumNames']);
  ajv.addSchema(document, 'openapi');
  return ajv;
}

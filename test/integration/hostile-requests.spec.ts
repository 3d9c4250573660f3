// Every route and parameter of the OpenAPI document with values that nobody should send: whatever comes in, the answer is no 5xx.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { givenCriterionVersion, givenLabeler, givenPrompt } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  example?: unknown;
  minimum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}
interface Parameter { name: string; in: 'path' | 'query' | 'header'; schema: Schema }
interface Operation { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }
interface Asked { method: string; path: string; headers?: Record<string, string>; body?: string }

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
const rng = Rng.from(process.env['FUZZ_SEED'] ?? 'hostile requests');
const pick = <T>(values: readonly T[]): T => values[rng.int(values.length)];

/** As they stand in an address, escaped or not. */
const hostileInAddress = [
  '%00', 'a%00b', '%', '%ff', '%ED%A0%80', '%F0%9F%98', '2147483648', '-2147483649', '99999999999999999999', '-1', '1.5', '1e400', 'NaN', '%20', '[]', '{}',
  'null', 'true', '..%2f..%2fetc', 'x'.repeat(90), 'x'.repeat(6_000), '%F0%9F%98%80', "'%3B--", 'constructor', '__proto__', '0', '2147483647', '2026-02-30', 'MTo5OTk5OTk5OTk',
];
const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
/** As they stand in JSON. */
const hostileInJson = [
  '"\\u0000"', '"a\\u0000b"', '"\\ud83d"', '"\\udc00x"', 'null', 'true', '-1', '0', '1.5', '2147483648', '-2147483649', '9007199254740993', '99999999999999999999', '1e400', '-1e-400',
  '1e300', '""', '" "', '[]', '{}', '[[]]', '[null]', '[{}]', '{"a":{}}', '{"constructor":1}', '{"__proto__":{"x":1}}', '{"length":1e9}', `"${'x'.repeat(20_000)}"`, '"%00"', '"\\ufeff"', '"\u202e"',
  '"019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00"', '["019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00"]', deep(40), deep(6_000), '"2026-02-30T00:00:00Z"', '"http://[::127.0.0.1]/"', '"\\u0130\\u00df"',
];

let t: TestApp;
let url: string;
/** An id of each collection that has something in it. */
const ids = new Map<string, string>();

beforeAll(async () => {
  t = await createTestApp({ RATE_LIMIT_PER_MINUTE: '1000000', ALLOW_PRIVATE_WEBHOOKS: 'true', BODY_LIMIT_BYTES: '262144' });
  url = await t.app.getUrl();
  const { completionIds, promptId } = await givenPrompt(t, 'Which bus goes to the mill?', [{ text: 'The red one.' }, { text: 'The blue one.' }]);
  const criterionVersionId = await givenCriterionVersion(t);
  const labelerId = await givenLabeler(t, 'ann');
  const made: [string, object][] = [
    ['vendors', { name: 'acme' }],
    ['api-keys', { name: 'spare', scopes: ['jobs:read'] }],
    ['policies', { name: 'assistant' }],
    ['prompt-sets', { name: 'one', promptIds: [promptId] }],
    ['webhook-endpoints', { url: 'http://127.0.0.1:9/hook' }],
    ['labeling-batches', { name: 'week', mode: 'rate', criterionVersionId, completionIds }],
    ['ratings', { completionId: completionIds[0], criterionVersionId, labelerId, score: 3 }],
    ['preference-judgements', { completionIds, preferredCompletionId: completionIds[0], criterionVersionId, labelerId }],
    ['pair-sets', { criterionVersionId, strategy: 'all', seed: 1 }],
  ];
  for (const [collection, body] of made) {
    const answer = await ask({ method: 'post', path: `/v1/${collection}`, body: JSON.stringify(body) });
    expect([collection, answer.status]).toEqual([collection, expect.toSatisfy((status: number) => status < 300)]);
    const { id } = JSON.parse(answer.text) as { id: string };
    if (collection === 'api-keys') ids.set(collection, id);
  }
  for (const [path, item] of Object.entries(document.paths)) {
    const collection = /^\/v1\/([a-z-]+)$/.exec(path)?.[1];
    if (!collection || !item.get || ids.has(collection)) continue;
    const answer = await ask({ method: 'get', path });
    const first = (JSON.parse(answer.text) as { data?: { id: string }[] }).data?.[0]?.id;
    if (first !== undefined) ids.set(collection, first);
  }
});
afterAll(() => t.close());

async function ask({ method, path, headers, body }: Asked): Promise<{ status: number; text: string }> {
  const answer = await fetch(url + path, {
    method: method.toUpperCase(),
    headers: { ...t.admin, prefer: 'wait=0', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body,
    signal: AbortSignal.timeout(20_000),
  });
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    await answer.body?.cancel();
    return { status: answer.status, text: '' };
  }
  return { status: answer.status, text: await answer.text() };
}

function resolved(schema: Schema): Schema {
  if (schema.$ref) return resolved(document.components.schemas[schema.$ref.split('/').at(-1)!]);
  const options = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  return options ? resolved(pick(options)) : schema;
}

/** Something that the schema allows, or nearly. */
function sample(given: Schema, depth = 0): unknown {
  const schema = resolved(given);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return pick(schema.enum);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return schema.format === 'uuid' ? pick([...ids.values()]) : schema.format === 'date-time' ? '2036-01-01T00:00:00Z' : 'text';
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return [sample(schema.items ?? {}, depth + 1)];
    default:
      return Object.fromEntries(Object.entries(depth > 3 ? {} : (schema.properties ?? {})).map(([name, inner]) => [name, sample(inner, depth + 1)]));
  }
}

const marker = 'put something hostile here';

/** A sample with one value somewhere in it replaced. */
function spoiled(value: unknown, hostile: string): string {
  const places: (() => void)[] = [];
  const root = { value: structuredClone(value) };
  const walk = (parent: Record<string, unknown>): void => {
    for (const [name, inner] of Object.entries(parent)) {
      places.push(() => (parent[name] = marker));
      if (inner !== null && typeof inner === 'object') walk(inner as Record<string, unknown>);
    }
  };
  walk(root);
  pick(places)();
  return JSON.stringify(root.value).replace(JSON.stringify(marker), () => hostile);
}

function pathOf(template: string, parameters: Parameter[], spoil?: { name: string; value: string }): string {
  const collection = template.split('/')[2];
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (spoil?.name === name) return spoil.value;
    const { schema } = parameters.find((parameter) => parameter.name === name)!;
    if (name === 'id') return ids.get(collection) ?? '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';
    return schema.type === 'number' || schema.type === 'integer' ? '1' : /Id$/.test(name) ? pick([...ids.values()]) : 'best';
  });
}

function* requests(template: string, method: string, { parameters = [], requestBody }: Operation): Generator<Asked> {
  const plain = pathOf(template, parameters);
  for (const { name, in: where } of parameters) {
    for (let i = 0; i < 4; i++) {
      const value = pick(hostileInAddress);
      if (where === 'path') yield { method, path: pathOf(template, parameters, { name, value }), ...(requestBody && { body: '{}' }) };
      if (where === 'query') yield { method, path: `${plain}?${name}=${value}${i === 3 ? `&${name}=2` : ''}`, ...(requestBody && { body: '{}' }) };
    }
    if (where === 'header' && name !== 'Idempotency-Key') {
      for (const value of ['', '99999999999999999999', 'wait=99999999999', 'W/"\u00e9"', '-1']) yield { method, path: plain, headers: { [name]: value } };
    }
  }
  if (!requestBody) return;
  const [[type, { schema }]] = Object.entries(requestBody.content);
  const headers = { 'content-type': type };
  for (const body of ['', 'null', '[]', '"x"', '{"a":', deep(30_000)]) yield { method, path: plain, headers, body };
  // Of NDJSON the document does not tell the lines.
  const like = type === 'application/x-ndjson' ? { text: 'a', externalId: 'x', promptExternalId: 'y', source: 's', score: 1, itemId: pick([...ids.values()]), metadata: {} } : sample(schema);
  for (let i = 0; i < 16; i++) yield { method, path: plain, headers, body: spoiled(type === 'application/json' ? sample(schema) : like, pick(hostileInJson)) };
}

test('hostile values in every place of every operation are refused, and nothing fails', async () => {
  const failures: string[] = [];
  let count = 0;
  for (const [template, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      for (const asked of requests(template, method, operation)) {
        count++;
        const { status, text } = await ask(asked);
        if (status >= 500) failures.push(`${status} ${asked.method} ${asked.path.slice(0, 300)} ${asked.body?.slice(0, 1500) ?? ''} ${JSON.stringify(asked.headers ?? {})}: ${text.slice(0, 300)}`);
      }
    }
  }
  expect(count).toBeGreaterThan(1_000);
  expect(failures.join('\n')).toBe('');
}, 240_000);

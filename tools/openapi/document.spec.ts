import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operationsOf, type Document } from './document.js';
import { walk } from './reach.js';
import type { Schema } from './routes.js';
import { tags } from './tags.js';

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;
const { schemas } = document.components;
const operations = operationsOf(document);
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.spec)\.ts$/.test(file)).map((file) => join('src', file));

test('no two classes share the name of a schema', () => {
  const files = new Map<string, string[]>();
  for (const file of sources) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)) {
      files.set(name, [...(files.get(name) ?? []), file]);
    }
  }
  expect([...files].filter(([name, where]) => schemas[name] && where.length > 1)).toEqual([]);
});

test('examples and defaults are valid by their own schemas', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
  const wrong: string[] = [];
  const check = (schema: Schema, value: unknown) => {
    // References start at the document.
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as Schema;
    const validate = ajv.compile(absolute);
    if (!validate(value)) wrong.push(`${JSON.stringify(value)} is not ${JSON.stringify(schema).slice(0, 200)}: ${ajv.errorsText(validate.errors)}`);
  };
  walk(schemas, (node) => {
    if (node.default !== undefined) check(node, node.default);
    if (node.example !== undefined && (node.type ?? node.$ref ?? node.anyOf ?? node.oneOf) !== undefined) check(node, node.example);
  });
  for (const { parameters = [], requestBody } of operations) {
    for (const { schema, example } of parameters) if (example !== undefined) check(schema, example);
    for (const { schema, example } of Object.values(requestBody?.content ?? {})) if (example !== undefined) check(schema, example);
  }
  expect(wrong).toEqual([]);
});

test('numbers above 0 may be below 1', () => {
  const { learningRate, maxGradNorm } = schemas.SftHyperparametersDto.properties as Record<string, Schema>;
  expect([learningRate, maxGradNorm]).toMatchObject([{ exclusiveMinimum: 0 }, { exclusiveMinimum: 0 }]);
  // The Swagger plugin writes `minimum: 1` for @IsPositive; here 1 is meant.
  const meant = ['rolloutRatioMax'];
  const odd = Object.entries(schemas).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties as Record<string, Schema>).flatMap(([key, { type, minimum }]) =>
      [type].flat().includes('number') && minimum === 1 && !meant.includes(key) ? [`${name}.${key}`] : [],
    ),
  );
  expect(odd).toEqual([]);
});

test('every operation says what it does and needs, under a known tag, with an id of one style', () => {
  for (const operation of operations) {
    const { operationId, summary, description, tags: ofOperation } = operation as typeof operation & { tags: string[] };
    expect(operationId).toMatch(/^[a-z][A-Za-z]+_(create|list|get|put|update|delete|revoke|rotate|check|scrape|stream|cancel|pause|resume|retry|upload|download|trace|supersede|retire|close|claim|heartbeat|release|skip|submit|correct|publish|preview|export|plan|score|find|promote|stop|ping|redeliver)([A-Z]|$)/);
    expect(summary).toMatch(/^[A-Z]/);
    expect(description).toMatch(/Needs (the scope|a key|no key)/);
    expect(Object.keys(tags)).toEqual(expect.arrayContaining(ofOperation));
    for (const [status, answer] of Object.entries(operation.responses)) expect('$ref' in answer || answer.description, `${operationId} ${status}`).toBeTruthy();
  }
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('path parameters are ids, numbers or names of a known shape', () => {
  const loose = operations.flatMap(({ operationId, parameters = [] }) =>
    parameters.filter((each) => each.in === 'path' && !each.schema.format && !each.schema.pattern && each.schema.maximum === undefined).map(({ name }) => `${operationId} ${name}`),
  );
  expect(loose).toEqual([]);
});

test('every code that the sources refuse a request with is declared by an operation', () => {
  const declared = new Set<string>();
  walk([document.paths, document.components.responses], (node) => {
    for (const code of (node['x-problem-codes'] ?? []) as string[]) declared.add(code);
  });
  const thrown = sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\b(?:conflict|unprocessable)\(\s*'([a-z_0-9]+)'/g)].map(([, code]) => code));
  expect([...new Set(thrown)].filter((code) => !declared.has(code))).toEqual([]);
});

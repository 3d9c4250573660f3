import fastify from 'fastify';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkConformance, takeConformanceFailures } from './conformance.js';

const id = '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';

async function failuresOf(status: number, body: object, type = 'application/json'): Promise<string[]> {
  const app = fastify();
  checkConformance(app);
  app.get('/v1/prompts/:id', (_request, reply) => reply.status(status).header('www-authenticate', 'Bearer').type(type).send(JSON.stringify(body)));
  await app.inject(`/v1/prompts/${id}`);
  await app.close();
  return takeConformanceFailures();
}

const { components } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { components: { schemas: Record<string, { required: string[] }> } };
const prompt = { id, externalId: null, text: 'Why?', messages: null, tools: null, continueFinalMessage: false, tags: [], metadata: {}, createdAt: '2026-11-25T12:00:00.000Z' };
const problem = (status: number, code: string) => ({ type: `https://plumbline.dev/problems/${code}`, code, title: 'No', status });

test('an answer as it is declared passes', async () => {
  expect(Object.keys(prompt).sort()).toEqual([...components.schemas.PromptDto.required].sort());
  expect(await failuresOf(200, prompt)).toEqual([]);
  expect(await failuresOf(404, problem(404, 'prompt_not_found'), 'application/problem+json')).toEqual([]);
});

test.each([
  ['a status', 418, problem(418, 'teapot'), 'application/problem+json', /status is not declared/],
  ['a code', 404, problem(404, 'gone_fishing'), 'application/problem+json', /code gone_fishing is not declared/],
  ['a media type', 200, prompt, 'application/vnd.other', /media type application\/vnd.other is not declared/],
  ['a field', 200, { ...prompt, secret: 1 }, 'application/json', /secret/],
  ['a type', 200, { ...prompt, text: 7 }, 'application/json', /\/text must be string/],
  ['a format', 200, { ...prompt, id: 'one' }, 'application/json', /\/id must match format/],
])('%s that is not declared is found', async (_, status, body, type, expected) => {
  const found = await failuresOf(status, body, type);
  expect(found.join('\n')).toMatch(expected);
  expect(found[0]).toMatch(new RegExp(`^prompts_get ${status}: `));
});

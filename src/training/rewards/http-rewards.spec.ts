import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeEndpoint, refuse } from '../../../test/support/fake-endpoint.js';
import { HttpRewards, readRewards } from './http-rewards.js';
import { httpDefaults, type HttpRewardSource } from './reward-sources.js';

let server: FakeEndpoint;
beforeAll(async () => void (server = await FakeEndpoint.start()));
afterAll(() => server.close());

const items = Array.from({ length: 7 }, (_, i) => ({ prompt: `p${i}`, completion: 'x'.repeat(i) }));
const byLength: FakeEndpoint['answer'] = async ({ body }, response) => {
  const rewards = (body.items as { completion: string }[]).map(({ completion }) => completion.length);
  // Long enough for the next request to come.
  await sleep(50);
  response.writeHead(200).end(JSON.stringify({ rewards }));
};
beforeEach(() => server.reset(byLength));

const rewards = (change: Partial<HttpRewardSource> = {}, allowPrivateEndpoints = true): HttpRewards => {
  const endpointKeys = { ENDPOINT_KEY_R: { origin: server.origin, secret: 'sk-1' } };
  const source = { ...httpDefaults, type: 'http', name: 'r', weight: 1, url: `${server.origin}/score?v=2`, ...change } as const;
  return new HttpRewards(source, { allowPrivateEndpoints, endpointKeys });
};

test('asks in batches, several at once, with key and headers, and keeps the order', async () => {
  const scorer = rewards({ batchSize: 3, maxConcurrency: 2, apiKeyEnv: 'ENDPOINT_KEY_R', headers: { 'x-team': 'a' } });
  expect([...(await scorer.score(items))]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(server.seen.map(({ body }) => (body.items as object[]).length).sort()).toEqual([1, 3, 3]);
  expect(server.seen[0]).toMatchObject({ path: '/score?v=2', headers: { authorization: 'Bearer sk-1', 'x-team': 'a' } });
  expect(server.busiest).toBe(2);
  expect([...(await scorer.score([]))]).toEqual([]);
  scorer.dispose();
});

test('a server that is busy is asked again', async () => {
  server.reset((request, response, number) => (number === 1 ? refuse(response, 429, 'later', { 'retry-after': '0' }) : byLength(request, response, number)));
  expect([...(await rewards().score(items.slice(0, 2)))]).toEqual([0, 1]);
});

describe('answers that are no rewards', () => {
  test.each([
    ['nonsense', 'not JSON'],
    ['null', 'not {"rewards": [...]}'],
    ['{"rewards": [1]}', '1 rewards for 2 items'],
    ['{"rewards": [1, null]}', 'reward 1 is null'],
    ['{"rewards": [1, "2"]}', 'reward 1 is "2"'],
    ['{"rewards": [1e999, 1]}', 'reward 0 is null'],
  ])('%s', (body, why) => {
    expect(() => readRewards(body, 2)).toThrow(why);
  });

  test('they end the asking, and a refusal shows the words of the server', async () => {
    server.reset((_, response) => void response.writeHead(200).end('{"rewards": []}'));
    await expect(rewards({ batchSize: 1 }).score(items)).rejects.toMatchObject({ code: 'endpoint_answer_unreadable' });
    server.reset((_, response) => refuse(response, 401, 'who are you'));
    await expect(rewards().score(items)).rejects.toMatchObject({ code: 'endpoint_refused', message: expect.stringContaining('who are you') });
  });
});

test('private addresses and keys of other origins are refused', () => {
  expect(() => rewards({}, false)).toThrow('not a public address');
  expect(() => rewards({ url: 'https://elsewhere.example/score', apiKeyEnv: 'ENDPOINT_KEY_R' })).toThrow('a different origin');
});

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { PolicyEndpoint } from '#src/policies/policy.entity.js';
import { choices, FakeEndpoint, refuse } from '../../test/support/fake-endpoint.js';
import { EndpointGenerator } from './endpoint-generator.js';
import type { PromptFailure } from './completion-source.js';
import { completionSeed, defaultSampling } from './sampling.js';

const fake = await FakeEndpoint.start();
const open: EndpointGenerator[] = [];
afterAll(async () => {
  for (const generator of open) generator.dispose();
  await fake.close();
});
beforeEach(async () => {
  // A failed test's other requests may still be on their way.
  await expect.poll(() => fake.openNow).toBe(0);
  fake.reset();
});

const key = 'sk-very-secret';
const config = { allowPrivateEndpoints: true, endpointKeys: { ENDPOINT_KEY_T: { origin: fake.origin, secret: key } } };

function generator(changes: Partial<PolicyEndpoint> = {}, settings = config): EndpointGenerator {
  const endpoint: PolicyEndpoint = {
    baseUrl: `${fake.origin}/v1`,
    model: 'm',
    api: 'chat',
    apiKeyEnv: 'ENDPOINT_KEY_T',
    maxConcurrency: 3,
    timeoutSeconds: 5,
    ...changes,
  };
  const made = new EndpointGenerator(endpoint, settings);
  open.push(made);
  return made;
}

const prompts = Array.from({ length: 8 }, (_, i) => ({ id: `00000000-0000-7000-8000-00000000000${i}`, text: `question ${i}`, conversation: null }));
const sampling = { ...defaultSampling, temperature: 0.5, maxTokens: 9, n: 2, seed: 4 };

describe('what is asked', () => {
  test('chat: the prompt as the user message, with options in the API\'s own words', async () => {
    await generator().generate([prompts[3]], { ...sampling, stop: ['END'], frequencyPenalty: 0.5 });
    const [{ path, headers, body }] = fake.seen;
    expect(path).toBe('/v1/chat/completions');
    expect(headers).toMatchObject({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'question 3' }],
      n: 2,
      temperature: 0.5,
      top_p: 1,
      max_tokens: 9,
      seed: completionSeed(4, prompts[3].text, 0) % 2 ** 31,
      stop: ['END'],
      frequency_penalty: 0.5,
    });
  });

  test('completions: the bare text, and options beyond OpenAI\'s only when they ask for something', async () => {
    fake.reset((_, response) => void response.end(JSON.stringify({ choices: [{ text: 'x', finish_reason: 'length' }] })));
    const options = { ...sampling, n: 1, topK: 5, minP: 0.1, repetitionPenalty: 1.2 };
    const rows = await generator({ api: 'completions', apiKeyEnv: null }).generate([prompts[0]], options);
    expect(fake.seen[0].path).toBe('/v1/completions');
    expect(fake.seen[0].headers.authorization).toBeUndefined();
    expect(fake.seen[0].body).toMatchObject({ prompt: 'question 0', top_k: 5, min_p: 0.1, repetition_penalty: 1.2, repeat_penalty: 1.2 });
    expect(rows).toMatchObject([{ text: 'x', finishReason: 'length', promptTokens: null, completionTokens: null }]);
  });
});

describe('what comes back', () => {
  test('rows by prompt in order, however the answers arrive, with at most maxConcurrency requests open', async () => {
    fake.reset(async ({ body }, response) => {
      const asked = (body.messages as { content: string }[])[0].content;
      await new Promise((resolve) => setTimeout(resolve, 60 - 7 * Number(asked.at(-1))));
      choices(response, [`${asked} a`, `${asked} b`]);
    });
    const progress: number[] = [];
    const rows = await generator().generate(prompts, sampling, { onProgress: (done) => progress.push(done) });
    expect(rows.map(({ text }) => text)).toEqual(prompts.flatMap(({ text }) => [`${text} a`, `${text} b`]));
    expect(rows.map(({ sampleIndex }) => sampleIndex)).toEqual(prompts.flatMap(() => [0, 1]));
    expect(fake.busiest).toBe(3);
    expect(progress).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(rows[0]).toMatchObject({ finishReason: 'stop', promptTokens: 7, completionTokens: null });
  });

  test('a server without n is asked again, with other seeds', async () => {
    fake.reset((_, response, number) => choices(response, [`t${number}`]));
    const rows = await generator().generate([prompts[0]], { ...sampling, n: 3 });
    expect(rows).toMatchObject([
      { text: 't1', sampleIndex: 0, completionTokens: 3 },
      { text: 't2', sampleIndex: 1 },
      { text: 't3', sampleIndex: 2 },
    ]);
    expect(fake.seen.map(({ body }) => body.n)).toEqual([3, 2, 1]);
    expect(new Set(fake.seen.map(({ body }) => body.seed)).size).toBe(3);
  });

  test('empty, filtered and unstorable texts are what they are', async () => {
    const given = [
      { message: { content: '' }, finish_reason: 'stop' },
      { message: { content: 'a\0b\ud800' }, finish_reason: 'content_filter' },
    ];
    fake.reset((_, response) => void response.end(JSON.stringify({ choices: given })));
    const rows = await generator().generate([prompts[0]], sampling);
    expect(rows).toMatchObject([
      { text: '', finishReason: 'stop' },
      { text: 'a\ufffdb\ufffd', finishReason: null },
    ]);
  });
});

describe('case 50: an answer that is all thought', () => {
  const thinking = { content: null, reasoning_content: 'let me see' };

  test.each<[object, string, RegExp]>([
    [thinking, 'stop', /message.content is empty, though reasoning_content is not \(finish_reason "stop"\)$/],
    [thinking, 'length', /reasoning_content is not \(finish_reason "length"\); give more maxTokens$/],
    [{ content: '', reasoning: 'let me see' }, 'length', /though reasoning is not/],
    [{ content: null, tool_calls: [], refusal: '' }, 'stop', /message.content is empty \(/],
    [{ role: 'assistant' }, 'stop', /message.content is empty \(/],
  ])('%j with finish_reason %s fails its prompt and says which field was empty', async (message, reason, why) => {
    fake.reset((request, response) => {
      const isOdd = JSON.stringify(request.body).includes(prompts[1].text);
      response.end(JSON.stringify({ choices: [{ message: isOdd ? message : { content: 'fine' }, finish_reason: isOdd ? reason : 'stop' }] }));
    });
    const failed: PromptFailure[] = [];
    const rows = await generator().generate(prompts.slice(0, 3), { ...sampling, n: 1 }, { onFailed: (failure) => failed.push(failure) });
    expect(rows.map(({ promptId }) => promptId)).toEqual([prompts[0].id, prompts[2].id]);
    expect(failed).toMatchObject([{ promptId: prompts[1].id, code: 'endpoint_answer_empty', message: expect.stringMatching(why) }]);
    await expect(generator().generate([prompts[1]], { ...sampling, n: 1 })).rejects.toMatchObject({ code: 'endpoint_answer_empty', retriable: false });
  });

  test('a tool call without a name or arguments cannot be read', async () => {
    const message = { content: null, tool_calls: [{ id: 'a' }] };
    fake.reset((_, response) => void response.end(JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }] })));
    const failure = generator().generate([prompts[0]], { ...sampling, n: 1 });
    await expect(failure).rejects.toMatchObject({ code: 'endpoint_answer_unreadable', message: expect.stringContaining('a tool call has no id, name or arguments') });
  });

  test.each(['reasoning_content', 'reasoning'])('what was thought before an answer is kept beside it (%s)', async (field) => {
    fake.reset((_, response) => void response.end(JSON.stringify({ choices: [{ message: { content: 'yes', [field]: 'hm\0' }, finish_reason: 'stop' }] })));
    expect(await generator().generate([prompts[0]], { ...sampling, n: 1 })).toMatchObject([{ text: 'yes', reasoning: 'hm\ufffd' }]);
  });
});

describe('what goes wrong', () => {
  test('case 55: what is refused for one prompt fails that prompt, what is refused for all fails them', async () => {
    for (const status of [400, 413, 422]) {
      fake.reset((request, response) => {
        if (JSON.stringify(request.body).includes(prompts[1].text)) return refuse(response, status, 'too \0 long');
        choices(response, ['a', 'b']);
      });
      const failed: PromptFailure[] = [];
      const rows = await generator().generate(prompts, sampling, { onFailed: (failure) => failed.push(failure) });
      expect(rows).toHaveLength(14);
      expect(failed).toMatchObject([{ promptId: prompts[1].id, code: 'endpoint_refused', message: expect.stringContaining(`answered ${status}: too \ufffd long`) }]);
    }
    for (const status of [401, 403, 404]) {
      fake.reset((_, response) => refuse(response, status, 'nobody'));
      const asked = generator().generate([prompts[0]], sampling, { onFailed: () => expect.unreachable() });
      await expect(asked).rejects.toMatchObject({ code: 'endpoint_refused' });
    }
  });

  test('429 and 5xx are tried again, after as long as Retry-After says', async () => {
    fake.reset((_, response, number) => {
      if (number === 1) return refuse(response, 429, 'slow down', { 'retry-after': '1' });
      if (number === 2) return refuse(response, 503, 'starting', { 'retry-after': '0' });
      choices(response, ['a', 'b']);
    });
    await generator().generate([prompts[0]], sampling);
    expect(fake.seen).toHaveLength(3);
    expect(fake.seen[1].at - fake.seen[0].at).toBeGreaterThanOrEqual(950);
    expect(fake.seen[2].at - fake.seen[1].at).toBeLessThan(900);
  });

  test('it gives up after six attempts, and the job may try again', async () => {
    fake.reset((_, response) => refuse(response, 500, 'broken', { 'retry-after': '0' }));
    const failure = generator().generate([prompts[0]], sampling);
    await expect(failure).rejects.toMatchObject({ code: 'endpoint_unavailable', retriable: true, message: expect.stringContaining('500: broken') });
    expect(fake.seen).toHaveLength(6);
  });

  test('a refusal is final, names what the server said, and never the key', async () => {
    fake.reset((_, response) => refuse(response, 401, `Incorrect API key provided: ${key}`));
    const failure = await generator().generate(prompts, sampling).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'endpoint_refused', retriable: false });
    expect((failure as Error).message).toMatch(/401: Incorrect API key provided: \*\*\*$/);
    expect(fake.seen.length).toBeLessThanOrEqual(3);
  });

  test('redirects are not followed', async () => {
    fake.reset((_, response) => void response.writeHead(307, { location: `${fake.origin}/elsewhere` }).end());
    const moved = generator({ baseUrl: `${fake.origin}/moved` });
    await expect(moved.generate([prompts[0]], sampling)).rejects.toMatchObject({ code: 'endpoint_refused' });
    const paths = fake.seen.map(({ path }) => path).filter((path) => !path.startsWith('/v1/'));
    expect(paths).toEqual(['/moved/chat/completions']);
  });

  test.each(['not json', '{}', '{"choices": []}', '{"choices": [{"finish_reason": "stop"}]}'])('an answer %s is refused', async (body) => {
    fake.reset((_, response) => void response.end(body));
    await expect(generator().generate([prompts[0]], sampling)).rejects.toMatchObject({ code: 'endpoint_answer_unreadable' });
  });

  test('silence ends with the timeout', async () => {
    fake.reset((_, response, number) => (number === 1 ? undefined : choices(response, ['a', 'b'])));
    const started = Date.now();
    await generator({ timeoutSeconds: 1 }).generate([prompts[0]], sampling);
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
    expect(fake.seen).toHaveLength(2);
  });

  test('a cancelled job stops at once, while asking and while waiting', async () => {
    fake.reset(() => undefined);
    const asking = new AbortController();
    const first = generator().generate(prompts, sampling, { signal: asking.signal });
    await expect.poll(() => fake.openNow).toBe(3);
    asking.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect.poll(() => fake.openNow).toBe(0);

    fake.reset((_, response) => refuse(response, 429, 'later', { 'retry-after': '60' }));
    const waiting = new AbortController();
    const second = generator().generate([prompts[0]], sampling, { signal: waiting.signal });
    await expect.poll(() => fake.seen.length).toBe(1);
    waiting.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
  });
});

describe('where it may go', () => {
  const closed = { ...config, allowPrivateEndpoints: false };

  test('not to a private address, by number or by name', async () => {
    expect(() => generator({}, closed)).toThrow(/127\.0\.0\.1 is not a public address; set ALLOW_PRIVATE_ENDPOINTS/);
    const { port } = new URL(fake.origin);
    const named = generator({ baseUrl: `http://localhost:${port}`, apiKeyEnv: null }, closed);
    await expect(named.generate([prompts[0]], sampling)).rejects.toMatchObject({ code: 'endpoint_address_private', retriable: false });
    expect(fake.seen).toHaveLength(0);
  });

  test('a key goes to its own origin only', () => {
    expect(() => generator({ baseUrl: 'http://127.0.0.1:1/v1' })).toThrow(/ENDPOINT_KEY_T holds the key of a different origin/);
    expect(() => generator({ apiKeyEnv: 'ENDPOINT_KEY_U' })).toThrow(/ENDPOINT_KEY_U is not set/);
  });
});

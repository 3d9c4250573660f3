import type * as childProcess from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { toHfConfig } from '#src/lm/model/config.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import type * as Texts from '#src/policies/uploaded-texts.js';
import type * as Plans from '#src/training/plans/plan-task.js';
import { Sandbox, SandboxBusyError, SandboxedError, SandboxLimitError } from './sandbox.js';

const config = { ...tinyConfig, vocabSize: 300 };
const { tokenizerJson, tokenizerConfigJson } = trainBpe([], { merges: 0, specialTokens: ['<|end|>'], eos: '<|end|>' });
const texts: Texts.UploadedTexts = { config: JSON.stringify(toHfConfig(config)), tokenizer: tokenizerJson, tokenizerConfig: tokenizerConfigJson, head: 'lm' };
const say = "{% for m in messages %}{{ m['content'] }}<|end|>{% endfor %}";

const sandboxes: Sandbox[] = [];
function make(options: Partial<ConstructorParameters<typeof Sandbox>[0]> = {}): Sandbox {
  const made = new Sandbox({ size: 1, queue: 4, megabytes: 256, ...options });
  sandboxes.push(made);
  return made;
}
afterAll(() => sandboxes.forEach((made) => made.close()));

const read = (sandbox: Sandbox, given: Partial<Texts.UploadedTexts> = {}, milliseconds = 60_000) =>
  sandbox.call<typeof Texts, 'readUploadedTexts'>('#src/policies/uploaded-texts.js', 'readUploadedTexts', [{ ...texts, ...given }], { milliseconds });

test('what can be run is read, and what cannot is refused by its file', async () => {
  const sandbox = make();
  expect(await read(sandbox, { template: say })).toEqual({ config });
  expect(await read(sandbox, { config: '{' })).toMatchObject({ problem: { code: 'model_config_invalid', file: 'config.json' } });
  expect(await read(sandbox, { head: 'reward' })).toMatchObject({ problem: { code: 'model_config_invalid', message: expect.stringContaining('ForSequenceClassification') } });
  expect(await read(sandbox, { template: '{{ nothing }}' })).toMatchObject({ problem: { code: 'model_tokenizer_invalid', message: expect.stringContaining('chat_template') } });
});

/** Each would end the process that renders it, or hold it for hours. */
const bombs: [string, string, RegExp][] = [
  ['one large allocation', `{% for i in range(100000000) %}{% endfor %}${say}`, /took more than 256 MB/],
  ['a text that doubles', `{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(40) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}${say}`, /took more than 256 MB|longer than|Invalid string length/],
  ['a list that grows', `{% set ns = namespace(all=[]) %}{% for i in range(200) %}{% set ns.all = ns.all + range(3000000) | list %}{% endfor %}${say}`, /took more than 256 MB|longer than/],
  ['nested loops', `${'{% for i in range(20000) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}${say}`, /took longer than/],
];

test.each(bombs)('%s in a chat template ends a child, not this process, and the next call is served', async (_, template, message) => {
  const sandbox = make();
  const problem = await read(sandbox, { template }, 8000).then(
    (answer) => ('problem' in answer ? answer.problem.message : 'accepted'),
    (error: Error) => {
      expect(error).toBeInstanceOf(SandboxLimitError);
      return error.message;
    },
  );
  expect(problem).toMatch(message);
  expect(await read(sandbox, { template: say })).toEqual({ config });
}, 120_000);

test('what the function throws comes back with its name and code', async () => {
  const files = { 'config.json': Buffer.from(texts.config), 'tokenizer.json': Buffer.from(tokenizerJson), 'tokenizer_config.json': Buffer.from(JSON.stringify({ chat_template: '{{ nothing }}' })) };
  const asked = make().call<typeof Plans, 'longestPrompt'>('#src/training/plans/plan-task.js', 'longestPrompt', [files, ['hi']], { milliseconds: 60_000 });
  await expect(asked).rejects.toBeInstanceOf(SandboxedError);
  await expect(asked).rejects.toMatchObject({ name: 'ChatTemplateError', thrown: { code: 'chat_template_failed' } });
});

test('more calls than may wait are refused, and those that wait are served', async () => {
  const sandbox = make({ queue: 2 });
  const calls = await Promise.allSettled(Array.from({ length: 6 }, () => read(sandbox, { template: say })));
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const call of calls) if (call.status === 'rejected') expect(call.reason).toBeInstanceOf(SandboxBusyError);
});

test('a child gets no secret of the environment', async () => {
  process.env.PLUMBLINE_TEST_SECRET = 'secret';
  try {
    const env = await make().call<typeof childProcess, 'execFileSync'>('node:child_process', 'execFileSync', ['env'] as never, { milliseconds: 60_000 });
    expect(Buffer.from(env as Uint8Array).toString()).toContain('PATH=');
    expect(Buffer.from(env as Uint8Array).toString()).not.toContain('PLUMBLINE_TEST_SECRET');
  } finally {
    delete process.env.PLUMBLINE_TEST_SECRET;
  }
});

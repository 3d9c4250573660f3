import { expect, test } from 'vitest';
import { toHfConfig } from '#src/lm/model/config.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { readInThread, type ThreadLimits } from './uploaded-model.js';
import type { UploadedTexts } from './uploaded-texts.js';

const config = { ...tinyConfig, vocabSize: 300 };
const { tokenizerJson, tokenizerConfigJson } = trainBpe([], { merges: 0, specialTokens: ['<|end|>'], eos: '<|end|>' });
const texts: UploadedTexts = { config: JSON.stringify(toHfConfig(config)), tokenizer: tokenizerJson, tokenizerConfig: tokenizerConfigJson, head: 'lm' };

/** The event loop goes on while the thread works. */
async function read(given: Partial<UploadedTexts>, limits?: ThreadLimits) {
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  const answer = await readInThread({ ...texts, ...given }, limits);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(2);
  return answer;
}

const say = "{% for m in messages %}{{ m['content'] }}<|end|>{% endfor %}";

test('what can be run is read, and what cannot is refused by its file', async () => {
  expect(await read({ template: say })).toEqual({ config });
  expect(await read({ config: '{' })).toMatchObject({ problem: { code: 'model_config_invalid', file: 'config.json' } });
  expect(await read({ head: 'reward' })).toMatchObject({ problem: { code: 'model_config_invalid', message: expect.stringContaining('ForSequenceClassification') } });
  expect(await read({ template: '{{ nothing }}' })).toMatchObject({ problem: { code: 'model_tokenizer_invalid', message: expect.stringContaining('chat_template') } });
});

// Each would hold the process of the API for hours, or end it.
const endless = `${'{% for i in range(100000) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}${say}`;
const greedy = `{% set ns = namespace(text='x') %}{% for i in range(60) %}{% set ns.text = [ns.text, ns.text] | list %}{% set ns.all = (ns.all or []) + range(2000000) | list %}{% endfor %}${say}`;
test.each([
  ['nested loops', { template: endless }, { milliseconds: 3000, megabytes: 512 }, /were not read within 3 seconds/],
  ['a list that grows without end', { template: greedy }, { milliseconds: 120_000, megabytes: 64 }, /took more than 64 MB to read/],
])('%s in a chat template are refused', async (_, given, limits, message) => {
  const answer = await read(given, limits);
  expect(answer).toMatchObject({ problem: { code: 'model_tokenizer_invalid', message: expect.stringMatching(message) } });
}, 150_000);

import { expect, test } from 'vitest';
import { chatFraming } from '#src/lm/text/chat.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { tinyCheckpoint } from '../../../test/support/tiny-policy.js';
import { largestAnswers } from './expected-answers.js';

const model = tinyCheckpoint(1, { maxPositionEmbeddings: 64 });
const prompts = ['a', 'longest of the three', 'longer'];
const longest = chatFraming(Tokenizer.fromFiles(model.tokenizer)).encodePrompt(prompts[1]).length;

test('the longest prompt and the longest answer, where both have room', () => {
  expect(largestAnswers(model, { prompts, completionTokens: 8 }, 60)).toEqual({ promptTokens: longest, completionTokens: 8 });
});

test('answers as long as they can get, behind a prompt that leaves them room', () => {
  expect(largestAnswers(model, { prompts, completionTokens: 30 }, longest + 10)).toEqual({ promptTokens: longest - 20, completionTokens: 30 });
  expect(largestAnswers(model, { prompts, completionTokens: 500 }, 1000)).toEqual({ promptTokens: 1, completionTokens: 63 });
});

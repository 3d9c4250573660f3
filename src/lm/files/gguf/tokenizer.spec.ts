import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../text/tokenizer.js';
import { GgufError } from './gguf-error.js';
import { ggufFile } from './gguf.fixture.js';
import { parseGgufHeader } from './header.js';
import { type Metadata } from './metadata.js';
import { toTokenizerFiles } from './tokenizer.js';

interface Case {
  metadata: Record<string, unknown>;
  texts: { text: string; ids: number[] }[];
}

const golden = JSON.parse(readFileSync('test/golden/gguf/tokenizers.json', 'utf8')) as Record<string, Case>;

function metadataOf(values: Record<string, unknown>): Metadata {
  const bytes = ggufFile(values);
  return parseGgufHeader(bytes, bytes.length).metadata;
}

describe('tokenizers in GGUF', () => {
  describe.each(Object.entries(golden))('%s', (_, { metadata, texts }) => {
    const tokenizer = Tokenizer.fromFiles(toTokenizerFiles(metadataOf(metadata)));

    // Of nothing the library makes the prefix of a word where there is one, its peers nothing.
    it.each(texts.filter(({ text }) => text !== '' || tokenizer.encode('').length === 0))('encodes $text as its peer does', ({ text, ids }) => {
      expect(tokenizer.encode(text)).toEqual(ids);
    });
  });

  it('is compared on every text but one', () => {
    expect(Object.values(golden).map(({ texts }) => texts.length)).toEqual([15, 15, 15, 15, 15, 15]);
  });

  const smollm = golden.smollm.metadata;

  it('carries special tokens, marks and the chat template', () => {
    const files = toTokenizerFiles(metadataOf({ ...smollm, 'tokenizer.chat_template': '{{ x }}', 'tokenizer.ggml.add_bos_token': true }));
    const tokenizer = Tokenizer.fromFiles(files);
    expect([...tokenizer.specialTokens]).toEqual([['<|endoftext|>', 0], ['<|im_start|>', 1]]);
    expect(tokenizer.bosTokenId).toBe(0);
    expect(tokenizer.encode('<|im_start|>', { special: true })).toEqual([1]);
    expect(JSON.parse(files.tokenizerConfigJson)).toMatchObject({ chat_template: '{{ x }}', add_bos_token: true, bos_token: '<|endoftext|>' });
    expect(JSON.parse(files.tokenizerJson)).toMatchObject({ post_processor: { type: 'TemplateProcessing' } });
  });

  it.each([
    ['another model', { 'tokenizer.ggml.model': 'bert' }, /tokenizer.ggml.model "bert"/],
    ['another pre-tokenizer', { 'tokenizer.ggml.pre': 'tekken' }, /tokenizer.ggml.pre "tekken" is not one of gpt-2, smollm/],
    ['inherited pre-tokenizer', { 'tokenizer.ggml.pre': 'constructor' }, /"constructor" is not one of/],
    ['no tokens', { 'tokenizer.ggml.tokens': [''].slice(1) }, /must be a list of texts|missing or empty/],
    ['doubled token', { 'tokenizer.ggml.tokens': ['a', 'a'], 'tokenizer.ggml.token_type': [1, 1] }, /tokens 0 and 1 are both "a"/],
    ['types of another length', { 'tokenizer.ggml.token_type': [1] }, /has 1 items for 360 tokens/],
    ['strange merge', { 'tokenizer.ggml.merges': ['x zzz'] }, /"x zzz" does not join two tokens/],
    ['merge of one part', { 'tokenizer.ggml.merges': ['x'] }, /"x" does not join two tokens/],
    ['mark outside', { 'tokenizer.ggml.bos_token_id': 999 }, /bos_token_id 999 must be below the number of tokens, 360/],
    ['scores missing', { 'tokenizer.ggml.model': 'llama' }, /scores" has 0 items/],
  ])('refuses: %s', (_, change, message) => {
    const metadata = metadataOf({ ...smollm, ...change });
    expect(() => toTokenizerFiles(metadata)).toThrow(GgufError);
    expect(() => toTokenizerFiles(metadata)).toThrow(message);
  });
});

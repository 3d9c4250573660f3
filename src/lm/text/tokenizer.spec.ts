import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatFraming, chatMarkers } from './chat.js';
import { Tokenizer, TokenizerError } from './tokenizer.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';

const specialTokens = ['<|pad|>', chatMarkers.end, chatMarkers.user, chatMarkers.assistant];
const texts = [
  "The shop opens at nine. It's closed on Sundays.",
  'The bakery opens at ten, the shop at nine.',
  'née naïve 東京 2024',
];
const files = trainBpe(texts, { merges: 12, specialTokens, eos: chatMarkers.end, pad: '<|pad|>' });
const tokenizer = Tokenizer.fromFiles(files);

describe('byte-level BPE tokenizer', () => {
  it('is lossless on any text without lone surrogates', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc
        .array(fc.constantFrom(...specialTokens, ' ', '\n', '\ufeff', 'The', " it's", '\u0000', 'Ġ'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(!/\p{Surrogate}/u.test(value));
        expect(tokenizer.decode(tokenizer.encode(value))).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('merges frequent pieces, also after training on the same texts in another order', () => {
    expect(tokenizer.encode('The shop opens at').length).toBeLessThan(14);
    expect(
      trainBpe([...texts].reverse(), { merges: 12, specialTokens, eos: chatMarkers.end, pad: '<|pad|>' }),
    ).toEqual(files);
    expect(tokenizer.vocabSize).toBe(4 + 256 + 12);
  });

  it('never lets plain text forge a marker', () => {
    const ids = tokenizer.encode('<|end|>');
    expect(ids).not.toContain(tokenizer.tokenId(chatMarkers.end));
    expect(tokenizer.encode('<|end|>', { special: true })).toEqual([tokenizer.eosTokenId]);
  });

  it('leaves special tokens out of decoded text unless asked', () => {
    const ids = [tokenizer.eosTokenId!, ...tokenizer.encode('a'), tokenizer.padTokenId!];
    expect(tokenizer.decode(ids)).toBe('a');
    expect(tokenizer.decode(ids, { special: true })).toBe('<|end|>a<|pad|>');
    expect(tokenizer.decode([])).toBe('');
  });

  it('frames a prompt with its markers', () => {
    const framing = chatFraming(tokenizer);
    expect(tokenizer.decode(framing.encodePrompt('Hi <|end|>'), { special: true })).toBe(
      '<|user|>Hi <|end|><|assistant|>',
    );
    expect(framing.encodeCompletion('Hello').at(-1)).toBe(tokenizer.eosTokenId);
    expect(framing.stopTokenIds).toEqual([tokenizer.eosTokenId]);
  });

  it('stops an expression that would take years over a text', () => {
    const bytes = JSON.parse(files.tokenizerJson) as Record<string, object>;
    const withSplit = (Regex: string) => {
      const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
      const steps = { type: 'Sequence', pretokenizers: [split, { ...bytes.pre_tokenizer, use_regex: false }] };
      return Tokenizer.fromFiles({ ...files, tokenizerJson: JSON.stringify({ ...bytes, pre_tokenizer: steps }) }, 1000);
    };
    const text = `${'a'.repeat(60)}!`;
    expect(withSplit('a+').decode(withSplit('a+').encode(text))).toBe(text);
    const hostile = withSplit('(a+)+$');
    expect(() => hostile.encode(text)).toThrow('a regular expression of tokenizer.json took longer than 1 s to encode one text');
    expect(hostile.decode(hostile.encode('short'))).toBe('short');
  });

  it('refuses a mark of spaces that would mean something in an expression', () => {
    const marked = (replacement: string) => {
      const steps = { type: 'Metaspace', replacement, prepend_scheme: 'always' };
      return () => Tokenizer.fromFiles({ ...files, tokenizerJson: JSON.stringify({ ...(JSON.parse(files.tokenizerJson) as object), pre_tokenizer: steps }) });
    };
    for (const mark of ['(a+)+', '.', ']', '\\', '']) expect(marked(mark)).toThrow('"Metaspace" with replacement');
    for (const mark of ['\u2581', '_', '😀']) expect(marked(mark)).not.toThrow();
  });

  it('refuses files it cannot read', () => {
    expect(() => Tokenizer.fromFiles({ tokenizerJson: '{', tokenizerConfigJson: '{}' })).toThrow(
      TokenizerError,
    );
    expect(() => Tokenizer.fromFiles({ tokenizerJson: '{}', tokenizerConfigJson: '{}' })).toThrow(
      TokenizerError,
    );
    expect(() => trainBpe([], { merges: 1, specialTokens: [], eos: 'x' })).toThrow(/"x" is not among/);
  });
});

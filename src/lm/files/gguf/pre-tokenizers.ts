/**
 * How text is cut into words before byte-level BPE, by the name that `tokenizer.ggml.pre` gives it, in
 * the form of `tokenizer.json`. The names stand for the published tokenizers they are called after; the
 * expressions are those tokenizers'.
 */
import { gpt2Words, modernWords } from '../../text/word-patterns.js';
import { GgufError } from './gguf-error.js';

type Json = Record<string, unknown>;

interface PreTokenization {
  normalizer: Json | null;
  preTokenizer: Json;
  /** A word that is a token as a whole is not taken apart by merges. */
  ignoreMerges: boolean;
}

const byteLevel = (useRegex: boolean): Json => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

const split = (regex: string): Json => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });

const sequence = (...pretokenizers: Json[]): Json => ({ type: 'Sequence', pretokenizers });

const plain = (preTokenizer: Json): PreTokenization => ({ normalizer: null, preTokenizer, ignoreMerges: false });

const llama3: PreTokenization = {
  normalizer: null,
  preTokenizer: sequence(split(modernWords('{1,3}')), byteLevel(false)),
  ignoreMerges: true,
};

const qwen2: PreTokenization = {
  normalizer: { type: 'NFC' },
  preTokenizer: sequence(split(modernWords('')), byteLevel(false)),
  ignoreMerges: false,
};

const known: Readonly<Record<string, PreTokenization>> = {
  'gpt-2': plain(byteLevel(true)),
  smollm: plain(sequence({ type: 'Digits', individual_digits: true }, byteLevel(true))),
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
  qwen2,
  'deepseek-r1-qwen': qwen2,
  default: plain(
    sequence(
      split(String.raw`[\p{P}\$\+<=>\^~\|]+`),
      split(gpt2Words),
      split(String.raw`\p{N}+`),
      split('[0-9][0-9][0-9]'),
      byteLevel(false),
    ),
  ),
};

/** Throws GgufError naming a kind that is not known: a wrong guess would change ids silently. */
export function preTokenization(name: string): PreTokenization {
  if (Object.hasOwn(known, name)) return known[name];
  throw new GgufError(`tokenizer.ggml.pre ${JSON.stringify(name)} is not one of ${Object.keys(known).join(', ')}`);
}

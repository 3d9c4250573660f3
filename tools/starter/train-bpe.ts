/**
 * Trains a byte-level BPE tokenizer (GPT-2: https://openai.com/index/better-language-models/,
 * Sennrich et al. 2016) and writes it as a standard `tokenizer.json`. All 256 bytes are in the
 * vocabulary, so that every UTF-8 text has an encoding and nothing is ever unknown.
 */
import { byteToUnicode, toByteCharacters } from '#src/lm/text/byte-unicode.js';
import { type TokenizerFiles } from '#src/lm/text/tokenizer.js';

export interface BpeOptions {
  /** Upper bound on learned merges; fewer are learned when no pair occurs twice. */
  merges: number;
  /** Ids 0.. in this order. Must contain `eos` and, when given, `bos` and `pad`. */
  specialTokens: string[];
  eos: string;
  bos?: string;
  pad?: string;
  chatTemplate?: string;
}

/**
 * The split of GPT-2, as the ByteLevel pre-tokenizer of Hugging Face applies it: white space is Unicode's, which is
 * not what \s means in JavaScript.
 */
const words =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

interface Word {
  symbols: string[];
  count: number;
}

/** Pure: the same texts in any order give the same tokenizer (ties go to the smaller pair). */
export function trainBpe(texts: Iterable<string>, options: BpeOptions): TokenizerFiles {
  const named = [options.eos, options.bos, options.pad].filter((token) => token !== undefined);
  const missing = named.find((token) => !options.specialTokens.includes(token));
  if (missing !== undefined) throw new RangeError(`"${missing}" is not among the special tokens`);
  const merges = learnMerges(countWords(texts, options.specialTokens), options.merges);
  return { tokenizerJson: toTokenizerJson(merges, options), tokenizerConfigJson: toTokenizerConfig(options) };
}

function countWords(texts: Iterable<string>, specialTokens: string[]): Word[] {
  const escaped = specialTokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const boundary = new RegExp(escaped.join('|') || '(?!)', 'u');
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const part of text.split(boundary)) {
      for (const word of part.match(words) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return [...counts].map(([word, count]) => ({ symbols: toByteCharacters(word), count }));
}

// A byte stands for exactly one character and never for a space, so a space separates safely.
const pairKey = (left: string, right: string): string => `${left} ${right}`;

function learnMerges(vocabulary: Word[], limit: number): string[] {
  const counts = new Map<string, number>();
  const occurrences = new Map<string, Set<Word>>();
  const tally = (word: Word, sign: 1 | -1): void => {
    for (let i = 0; i + 1 < word.symbols.length; i++) {
      const key = pairKey(word.symbols[i], word.symbols[i + 1]);
      counts.set(key, (counts.get(key) ?? 0) + sign * word.count);
      if (sign === 1) occurrences.set(key, (occurrences.get(key) ?? new Set()).add(word));
    }
  };
  vocabulary.forEach((word) => tally(word, 1));
  const merges: string[] = [];
  while (merges.length < limit) {
    const best = mostFrequent(counts);
    if (best === undefined) break;
    merges.push(best);
    for (const word of occurrences.get(best) ?? []) {
      tally(word, -1);
      word.symbols = merge(word.symbols, best);
      tally(word, 1);
    }
    counts.delete(best);
    occurrences.delete(best);
  }
  return merges;
}

function mostFrequent(counts: Map<string, number>): string | undefined {
  let best: string | undefined;
  let bestCount = 1;
  for (const [key, count] of counts) {
    if (count > bestCount || (best !== undefined && count === bestCount && key < best)) {
      best = key;
      bestCount = count;
    }
  }
  return best;
}

function merge(symbols: string[], pair: string): string[] {
  const [left, right] = pair.split(' ');
  const out: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      out.push(left + right);
      i++;
    } else out.push(symbols[i]);
  }
  return out;
}

function toTokenizerJson(merges: string[], { specialTokens }: BpeOptions): string {
  const learned = merges.map((pair) => pair.replace(' ', ''));
  // Two merges may spell the same token ("a"+"bc", "ab"+"c"); it has one id.
  const tokens = [...new Set([...specialTokens, ...byteToUnicode, ...learned])];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const addedToken = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, ...addedToken })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  });
}

function toTokenizerConfig({ eos, bos, pad, chatTemplate, specialTokens }: BpeOptions): string {
  return JSON.stringify({
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: eos,
    bos_token: bos ?? null,
    pad_token: pad ?? eos,
    unk_token: null,
    additional_special_tokens: specialTokens.filter((token) => ![eos, bos, pad].includes(token)),
    clean_up_tokenization_spaces: false,
    ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
  });
}

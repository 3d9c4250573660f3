/**
 * The tokenizer in a GGUF file's metadata -> `tokenizer.json` and `tokenizer_config.json`. Two kinds:
 * `gpt2` is byte-level BPE with its merges; `llama` is SentencePiece BPE, of which only the scores of the
 * pieces are kept, from which the merges follow (a pair may merge when the result is a piece; the better
 * its score, the sooner).
 */
import { type TokenizerFiles } from '../../text/tokenizer.js';
import { GgufError } from './gguf-error.js';
import { type Metadata } from './metadata.js';
import { preTokenization } from './pre-tokenizers.js';

type Json = Record<string, unknown>;

/** `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

interface Vocabulary {
  tokens: string[];
  types: ArrayLike<number>;
  ids: Map<string, number>;
}

/** Throws GgufError naming the metadata that is missing, wrong or of a kind that is not known. */
export function toTokenizerFiles(metadata: Metadata): TokenizerFiles {
  const kind = metadata.text('tokenizer.ggml.model');
  if (kind !== 'gpt2' && kind !== 'llama')
    throw new GgufError(`tokenizer.ggml.model ${JSON.stringify(kind)} is not one of gpt2, llama`);
  const vocabulary = withMarkers(readVocabulary(metadata), metadata);
  const json = kind === 'gpt2' ? byteLevelBpe(metadata, vocabulary) : sentencePieceBpe(metadata, vocabulary);
  const config = tokenizerConfig(metadata, vocabulary, kind);
  const shared = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    post_processor: postProcessor(config, vocabulary) ?? (kind === 'gpt2' ? { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true } : null),
  };
  return {
    tokenizerJson: JSON.stringify({ ...shared, ...json }),
    tokenizerConfigJson: JSON.stringify(config, null, 2),
  };
}

function readVocabulary(metadata: Metadata): Vocabulary {
  const tokens = metadata.texts('tokenizer.ggml.tokens');
  if (!tokens || tokens.length === 0) throw new GgufError('metadata "tokenizer.ggml.tokens" is missing or empty');
  const types = metadata.numbers('tokenizer.ggml.token_type') ?? new Uint8Array(tokens.length).fill(tokenTypes.normal);
  if (types.length !== tokens.length)
    throw new GgufError(`metadata "tokenizer.ggml.token_type" has ${types.length} items for ${tokens.length} tokens`);
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (ids.has(token)) throw new GgufError(`tokens ${ids.get(token)} and ${id} are both ${JSON.stringify(token)}`);
    ids.set(token, id);
  });
  return { tokens, types, ids };
}

/**
 * Some converters gave the markers of a chat the type of ordinary tokens. llama.cpp takes what ends a turn for a control
 * token by its text, whatever its type; here all markers that no merge spells are, so that none is written in letters.
 */
function withMarkers(vocabulary: Vocabulary, metadata: Metadata): Vocabulary {
  const merged = new Set((metadata.texts('tokenizer.ggml.merges') ?? []).map((merge) => merge.slice(0, merge.indexOf(' ', 1)) + merge.slice(merge.indexOf(' ', 1) + 1)));
  const named = new Set(Object.keys(roles).concat('eot', 'eom').map((role) => metadata.optionalCount(`tokenizer.ggml.${role}_token_id`)));
  const isMarker = (token: string, id: number): boolean =>
    turnEnds.has(token) || ((named.has(id) || /^<[|｜].*[|｜]>$/u.test(token)) && !merged.has(token));
  const types = vocabulary.tokens.map((token, id) =>
    vocabulary.types[id] === tokenTypes.normal && isMarker(token, id) ? tokenTypes.control : vocabulary.types[id],
  );
  return { ...vocabulary, types };
}

/** Ends of turns in llama.cpp, `llama-vocab.cpp`. */
const turnEnds = new Set(['<|eot_id|>', '<|im_end|>', '<|end|>', '<|return|>', '<|call|>', '<|eom_id|>', '<end_of_turn>', '<|endoftext|>', '<|end_of_text|>', '<EOT>', '_<EOT>', '<｜end▁of▁sentence｜>']);

function addedTokens({ tokens, types }: Vocabulary): Json[] {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const special = types[id] === tokenTypes.control || types[id] === tokenTypes.unknown;
    return special || types[id] === tokenTypes.userDefined ? [{ id, content, ...flags, special }] : [];
  });
}

function byteLevelBpe(metadata: Metadata, { ids }: Vocabulary): Json {
  const merges = metadata.texts('tokenizer.ggml.merges');
  if (!merges) throw new GgufError('metadata "tokenizer.ggml.merges" is missing');
  const pairs = merges.map((merge) => {
    const at = merge.indexOf(' ', 1);
    const pair = [merge.slice(0, at), merge.slice(at + 1)];
    if (at < 0 || !ids.has(pair.join('')) || !pair.every((part) => ids.has(part)))
      throw new GgufError(`tokenizer.ggml.merges: ${JSON.stringify(merge)} does not join two tokens to a third`);
    return pair;
  });
  const { normalizer, preTokenizer, ignoreMerges } = preTokenization(metadata.text('tokenizer.ggml.pre') ?? 'default');
  return {
    normalizer,
    pre_tokenizer: preTokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...bpe,
      ignore_merges: ignoreMerges,
      vocab: Object.fromEntries(ids),
      merges: pairs,
    },
  };
}

const bpe = {
  type: 'BPE',
  dropout: null,
  unk_token: null as string | null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
};

function sentencePieceBpe(metadata: Metadata, vocabulary: Vocabulary): Json {
  const { ids, tokens, types } = vocabulary;
  const scores = metadata.numbers('tokenizer.ggml.scores');
  if (scores?.length !== tokens.length)
    throw new GgufError(`metadata "tokenizer.ggml.scores" has ${scores?.length ?? 0} items for ${tokens.length} tokens`);
  const prefix = metadata.flag('tokenizer.ggml.add_space_prefix') ?? true;
  const unknown = tokens.find((_, id) => types[id] === tokenTypes.unknown);
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(prefix ? [{ type: 'Prepend', prepend: '▁' }] : []),
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...bpe,
      unk_token: unknown ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(ids),
      merges: mergesOf(vocabulary, scores),
    },
  };
}

function mergesOf({ tokens, types, ids }: Vocabulary, scores: ArrayLike<number>): [string, string][] {
  const isPiece = (id: number): boolean => types[id] === tokenTypes.normal || types[id] === tokenTypes.userDefined;
  const ranked = tokens.map((_, id) => id).filter(isPiece).sort((a, b) => scores[b] - scores[a] || a - b);
  return ranked.flatMap((id) => {
    const characters = [...tokens[id]];
    const pairs: [string, string][] = [];
    for (let at = 1; at < characters.length; at++) {
      const pair: [string, string] = [characters.slice(0, at).join(''), characters.slice(at).join('')];
      const parts = pair.map((part) => ids.get(part));
      if (parts.every((part) => part !== undefined && isPiece(part))) pairs.push(pair);
    }
    // Among the ways to make one piece, the parts with better scores come together first.
    return pairs.sort((a, b) => order(a) - order(b));
  });
  function order([left, right]: [string, string]): number {
    return -(scores[ids.get(left)!] + scores[ids.get(right)!]);
  }
}

const roles = { bos: 'bos_token', eos: 'eos_token', unknown: 'unk_token', padding: 'pad_token' } as const;

function tokenizerConfig(metadata: Metadata, { tokens }: Vocabulary, kind: 'gpt2' | 'llama'): Json {
  const named = Object.entries(roles).flatMap(([role, field]) => {
    const id = metadata.optionalCount(`tokenizer.ggml.${role}_token_id`);
    if (id === undefined) return [];
    if (id >= tokens.length) throw new GgufError(`tokenizer.ggml.${role}_token_id ${id} must be below the number of tokens, ${tokens.length}`);
    return [[field, tokens[id]]];
  });
  const template = metadata.text('tokenizer.chat_template');
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(Object.fromEntries(named) as Json),
    add_bos_token: metadata.flag('tokenizer.ggml.add_bos_token') ?? kind === 'llama',
    add_eos_token: metadata.flag('tokenizer.ggml.add_eos_token') ?? false,
    clean_up_tokenization_spaces: false,
    ...(template === undefined ? {} : { chat_template: template }),
  };
}

/** Adds the begin and end tokens around a text, if the model uses them. */
function postProcessor(config: Json, { ids }: Vocabulary): Json | null {
  const mark = (wanted: unknown, token: unknown): string[] => (wanted === true && typeof token === 'string' ? [token] : []);
  const before = mark(config.add_bos_token, config.bos_token);
  const after = mark(config.add_eos_token, config.eos_token);
  const marks = [...new Set([...before, ...after])];
  if (marks.length === 0) return null;
  const around = (part: 'A' | 'B'): Json[] => [
    ...before.map((id) => ({ SpecialToken: { id, type_id: part === 'A' ? 0 : 1 } })),
    { Sequence: { id: part, type_id: part === 'A' ? 0 : 1 } },
    ...after.map((id) => ({ SpecialToken: { id, type_id: part === 'A' ? 0 : 1 } })),
  ];
  return {
    type: 'TemplateProcessing',
    single: around('A'),
    pair: [...around('A'), ...around('B')],
    special_tokens: Object.fromEntries(marks.map((id) => [id, { id, ids: [ids.get(id)], tokens: [id] }])),
  };
}

/**
 * Text <-> token ids, over a Hugging Face `tokenizer.json` read by @huggingface/tokenizers.
 * Text is plain by default: a prompt that contains "<|end|>" is encoded letter by letter, so that
 * users cannot forge the markers of a chat (`split_special_tokens` in transformers).
 * A lone surrogate is no character and cannot be encoded as UTF-8; it counts as U+FFFD.
 */
import * as library from '@huggingface/tokenizers';
import { TimeLimitError, within } from '#src/common/time-limit.js';
import { AddedTokenSplitter, type AddedToken, type TextPart } from './added-tokens.js';
import { unknownTokenizerField } from '../model/known-fields.js';
import {
  repairByteFallback,
  repairTokenizer,
  TokenizerError,
  type LibraryDecoder,
  type RawTokenizer,
} from './tokenizer-repairs.js';
import { hasForeignPattern } from './word-patterns.js';

export { TokenizerError };

/** The two files of a tokenizer, as text. */
export interface TokenizerFiles {
  tokenizerJson: string;
  /** `tokenizer_config.json`; "{}" when a checkpoint has none. */
  tokenizerConfigJson: string;
}

/** The used part of the library: its own declarations do not resolve under NodeNext. */
interface HfTokenizer {
  normalizer: { normalize(text: string): string } | null;
  pre_tokenizer: { pre_tokenize(text: string, options: { section_index: number }): string[] } | null;
  model: { (pieces: string[]): string[]; unk_token_id?: number; vocab: string[] };
  decoder: LibraryDecoder | null;
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
  added_tokens: { id: number; content: string; normalized: boolean }[];
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
}

const { Tokenizer: HfTokenizer } = library as unknown as {
  Tokenizer: new (tokenizer: object, config: object) => HfTokenizer;
};

const utf8 = new TextEncoder();
/** Time limit for one text by a tokenizer with its own regular expressions: some need years for thirty letters. */
const textMilliseconds = 10_000;

export class Tokenizer {
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Tokens by their roles in `tokenizer_config.json`, such as `bos_token`. */
  readonly namedTokens: Readonly<Record<string, string>>;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;
  /** Jinja source, when the files bring one. */
  readonly chatTemplate: string | null;
  private readonly splitter: AddedTokenSplitter;
  private readonly byteFallback: boolean;
  private readonly specialIds: ReadonlySet<number>;

  private constructor(
    private readonly inner: HfTokenizer,
    raw: RawTokenizer,
    config: Record<string, unknown>,
    /** For one text. */
    private readonly milliseconds: number | undefined,
  ) {
    const added = addedTokens(raw);
    const normalize = (text: string): string => (inner.normalizer ? inner.normalizer.normalize(text) : text);
    this.splitter = new AddedTokenSplitter(added, normalize);
    // A token of normalized text spells what was found: after Prepend, the space before it.
    for (const token of inner.added_tokens.filter(({ normalized }) => normalized)) {
      token.content = normalize(token.content);
      inner.model.vocab[token.id] = token.content;
    }
    this.specialIds = new Set(added.filter(({ special }) => special).map(({ id }) => id));
    this.byteFallback = raw.model?.byte_fallback === true;
    this.vocabSize = inner.get_vocab().size;
    this.specialTokens = new Map(
      added.filter(({ special }) => special).map(({ content, id }) => [content, id]),
    );
    this.namedTokens = namedTokens(config);
    this.bosTokenId = this.named('bos_token');
    this.eosTokenId = this.named('eos_token');
    this.padTokenId = this.named('pad_token');
    this.chatTemplate = chatTemplateOf(config);
    repairByteFallback(inner.decoder);
  }

  /** Throws TokenizerError when the files are not JSON or hold a part that would not be computed as elsewhere. */
  static fromFiles({ tokenizerJson, tokenizerConfigJson }: TokenizerFiles, milliseconds = textMilliseconds): Tokenizer {
    try {
      // `clean_up_tokenization_spaces` rewrites " ." to "."; ids must decode to what they spell.
      const config = { ...(JSON.parse(tokenizerConfigJson) as object), clean_up_tokenization_spaces: false };
      const given = JSON.parse(tokenizerJson) as RawTokenizer;
      checkConfig(config, given);
      const raw = repairTokenizer(given);
      const limit = hasForeignPattern([given.normalizer, given.pre_tokenizer, given.decoder]) ? milliseconds : undefined;
      return new Tokenizer(new HfTokenizer(raw, config), raw, config, limit);
    } catch (error) {
      throw new TokenizerError(`tokenizer cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Ids of a text. With `special`, markers such as "<|user|>" in it become their tokens. */
  encode(text: string, { special = false }: { special?: boolean } = {}): number[] {
    return this.encodeParts([{ text, trusted: special }]);
  }

  /** Ids of one text in parts. `continued` when other tokens come before, so that no beginning is marked. */
  encodeParts(parts: readonly TextPart[], { continued = false }: { continued?: boolean } = {}): number[] {
    const wellFormed = parts.map(({ text, trusted }) => ({
      text: text.replace(/\p{Surrogate}/gu, '\ufffd'),
      trusted,
    }));
    return this.inTime('encode', () =>
      this.splitter
        .split(wellFormed)
        .flatMap((section, i) =>
          'token' in section ? [section.token.id] : this.encodeSection(section.text, continued ? i + 1 : i),
        ),
    );
  }

  /** The text that ids spell; incomplete UTF-8 becomes U+FFFD. Special tokens are left out unless asked for. */
  decode(ids: readonly number[], { special = false }: { special?: boolean } = {}): string {
    // A model may have more rows than its tokenizer has tokens; a row without a token decodes to nothing.
    const known = ids.filter((id) => this.inner.id_to_token(id) !== undefined && (special || !this.specialIds.has(id)));
    if (known.length === 0) return '';
    return this.inTime('decode', () => this.inner.decode(known, { skip_special_tokens: false }));
  }

  /** Id of one token by its exact name, for instance "<|assistant|>". */
  tokenId(token: string): number | undefined {
    return this.inner.token_to_id(token);
  }

  /** @throws TokenizerError where an expression of the file takes too long over a text */
  private inTime<T>(what: 'encode' | 'decode', work: () => T): T {
    if (this.milliseconds === undefined) return work();
    try {
      return within(this.milliseconds, work);
    } catch (error) {
      if (!(error instanceof TimeLimitError)) throw error;
      throw new TokenizerError(`a regular expression of tokenizer.json ${error.message} to ${what} one text`, { cause: error });
    }
  }

  private encodeSection(text: string, index: number): number[] {
    const { pre_tokenizer: preTokenizer, model } = this.inner;
    const pieces = preTokenizer ? preTokenizer.pre_tokenize(text, { section_index: index }) : [text];
    // Piece by piece: the library would fuse unknown tokens of neighbouring pieces.
    return pieces.flatMap((piece) => model([piece]).flatMap((token) => this.idsOf(token)));
  }

  private idsOf(token: string): number[] {
    const id = this.inner.token_to_id(token);
    if (id !== undefined) return [id];
    // A Unigram model names what it does not know by its text.
    const bytes = this.byteFallback ? [...utf8.encode(token)].map((byte) => this.inner.token_to_id(byteToken(byte))) : [];
    if (bytes.length > 0 && bytes.every((byte) => byte !== undefined)) return bytes;
    const unknown = this.inner.model.unk_token_id;
    if (unknown === undefined || unknown === null) throw new TokenizerError(`token ${JSON.stringify(token)} has no id`);
    return [unknown];
  }

  private named(role: string): number | null {
    const token = this.namedTokens[role];
    return token === undefined ? null : (this.inner.token_to_id(token) ?? null);
  }
}

const flags = ['special', 'lstrip', 'rstrip', 'normalized'] as const;

/** A token that says nothing about `normalized` is looked for in normalized text unless it is special. */
function addedTokens({ added_tokens: tokens = [] }: RawTokenizer): AddedToken[] {
  return tokens.map((token) => {
    const [special, lstrip, rstrip] = flags.map((flag) => token[flag] === true);
    const normalized = token.normalized === undefined ? !special : token.normalized === true;
    return { id: Number(token.id), content: String(token.content), special, lstrip, rstrip, normalized };
  });
}

/** Throws TokenizerError for what a `tokenizer_config.json` would have other tools read differently. */
function checkConfig(config: Record<string, unknown>, raw: RawTokenizer): void {
  const unknown = unknownTokenizerField(config);
  if (unknown !== undefined) throw new TokenizerError(`tokenizer_config.json: ${unknown} is not supported: the field is unknown`);
  if (config.split_special_tokens === true) throw new TokenizerError('tokenizer_config.json: split_special_tokens is not supported');
  const byContent = new Map(addedTokens(raw).map((token) => [token.content, token]));
  const listed = Object.entries((config.added_tokens_decoder ?? {}) as Record<string, Record<string, unknown>>);
  const other = listed.find(([id, given]) => {
    const found = byContent.get(String(given.content));
    return found?.id !== Number(id) || flags.some((flag) => given[flag] !== undefined && given[flag] !== found[flag]);
  });
  if (other) throw new TokenizerError(`tokenizer_config.json: added_tokens_decoder has ${JSON.stringify(other[1].content)} otherwise than tokenizer.json`);
  const extra = [config.additional_special_tokens ?? []].flat().map((token) => (token as { content?: unknown }).content ?? token);
  const stranger = extra.find((token) => typeof token !== 'string' || !byContent.has(token));
  if (stranger !== undefined) throw new TokenizerError(`tokenizer_config.json: additional_special_tokens has ${JSON.stringify(stranger)}, which tokenizer.json does not add`);
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

function namedTokens(config: Record<string, unknown>): Record<string, string> {
  const roles = Object.entries(config).filter(([role]) => role.endsWith('_token'));
  const content = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
  const named = roles.map(([role, value]) => [role, content(value)] as const);
  return Object.fromEntries(named.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** One template, or a list of named ones of which "default" is for chats without tools. */
function chatTemplateOf({ chat_template: template }: Record<string, unknown>): string | null {
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = template as { name?: unknown; template?: unknown }[];
  const chosen = named.find(({ name }) => name === 'default')?.template;
  return typeof chosen === 'string' ? chosen : null;
}

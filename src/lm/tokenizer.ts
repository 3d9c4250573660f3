/**
 * Text <-> token ids, over a Hugging Face `tokenizer.json` read by @huggingface/tokenizers.
 * Text is plain by default: a prompt that contains "<|end|>" is encoded letter by letter, so that
 * users cannot forge the markers of a chat.
 */
import * as library from '@huggingface/tokenizers';

/** The two files of a tokenizer, as text. */
export interface TokenizerFiles {
  tokenizerJson: string;
  /** `tokenizer_config.json`; "{}" when a checkpoint has none. */
  tokenizerConfigJson: string;
}

export class TokenizerError extends Error {
  override name = 'TokenizerError';
}

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

/** What is used of the library: its own declarations do not resolve under NodeNext. */
interface HfTokenizer {
  normalizer: { normalize(text: string): string } | null;
  pre_tokenizer: { pre_tokenize(text: string): string[] } | null;
  model: { encode(pieces: string[]): string[] } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): Map<number, AddedToken>;
  get_vocab(): Map<string, number>;
}

const { Tokenizer: HfTokenizer } = library as unknown as {
  Tokenizer: new (tokenizer: object, config: object) => HfTokenizer;
};

export class Tokenizer {
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;

  private constructor(
    private readonly inner: HfTokenizer,
    config: Record<string, unknown>,
  ) {
    const added = [...inner.get_added_tokens_decoder().values()];
    this.vocabSize = inner.get_vocab().size;
    this.specialTokens = new Map(
      added.filter(({ special }) => special).map(({ content, id }) => [content, id]),
    );
    this.bosTokenId = this.namedToken(config.bos_token);
    this.eosTokenId = this.namedToken(config.eos_token);
    this.padTokenId = this.namedToken(config.pad_token);
  }

  /** Throws TokenizerError when the files are not JSON or not of a kind the library knows. */
  static fromFiles({ tokenizerJson, tokenizerConfigJson }: TokenizerFiles): Tokenizer {
    try {
      // `clean_up_tokenization_spaces` rewrites " ." to "."; ids must decode to what they spell.
      const config = { ...(JSON.parse(tokenizerConfigJson) as object), clean_up_tokenization_spaces: false };
      return new Tokenizer(new HfTokenizer(JSON.parse(tokenizerJson) as object, config), config);
    } catch (error) {
      throw new TokenizerError(`tokenizer cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Ids of a text. With `special`, markers such as "<|user|>" in it become their tokens. */
  encode(text: string, { special = false }: { special?: boolean } = {}): number[] {
    if (special) return this.inner.encode(text, { add_special_tokens: false }).ids;
    const { normalizer, pre_tokenizer: preTokenizer, model } = this.inner;
    const normalized = normalizer ? normalizer.normalize(text) : text;
    if (normalized.length === 0 || !model) return [];
    const pieces = preTokenizer ? preTokenizer.pre_tokenize(normalized) : [normalized];
    const tokens = model.encode(pieces);
    return tokens.map((token) => this.inner.token_to_id(token) ?? this.unknown(token));
  }

  /** The text that ids spell; incomplete UTF-8 becomes U+FFFD. Special tokens are left out unless asked for. */
  decode(ids: readonly number[], { special = false }: { special?: boolean } = {}): string {
    return ids.length === 0 ? '' : this.inner.decode([...ids], { skip_special_tokens: !special });
  }

  /** Id of one token by its exact name, for instance "<|assistant|>". */
  tokenId(token: string): number | undefined {
    return this.inner.token_to_id(token);
  }

  private namedToken(value: unknown): number | null {
    const name =
      typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
    return typeof name === 'string' ? (this.inner.token_to_id(name) ?? null) : null;
  }

  private unknown(token: string): never {
    throw new TokenizerError(`token ${JSON.stringify(token)} has no id`);
  }
}

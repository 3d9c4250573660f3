/**
 * @huggingface/tokenizers 0.2 differs from the Rust library of the same files in places. A `tokenizer.json` is
 * rewritten here into an equivalent one that the library reads as the Rust one does; what cannot be rewritten is
 * refused, since ids that are slightly wrong would train a model on noise. The ids of both libraries are compared
 * in tokenizer-golden.spec.ts.
 */
import { DeterministicError } from '#src/common/deterministic-error.js';
import { fields, unknownField } from '../model/known-fields.js';
import { gpt2Words } from './word-patterns.js';

type Part = Record<string, unknown> & { type?: string };

export interface RawTokenizer {
  normalizer?: Part | null;
  pre_tokenizer?: Part | null;
  decoder?: Part | null;
  post_processor?: Part | null;
  model?: Part & { vocab?: unknown; merges?: unknown };
  added_tokens?: Record<string, unknown>[];
}

export class TokenizerError extends DeterministicError {
  readonly code = 'tokenizer_failed';
  override name = 'TokenizerError';
}

/** Throws TokenizerError naming the part that this library would compute differently. */
export function repairTokenizer(tokenizer: RawTokenizer): RawTokenizer {
  const { model, added_tokens: added = [] } = tokenizer;
  checkOptions('tokenizer.json', { ...tokenizer });
  for (const token of added) checkOptions('added token', token);
  if (tokenizer.post_processor) checkPostProcessor(tokenizer.post_processor);
  const single = added.find((token) => token.single_word === true);
  if (single) refuse(`added token ${JSON.stringify(single.content)} with single_word`);
  return {
    ...tokenizer,
    added_tokens: added,
    normalizer: tokenizer.normalizer ? repairNormalizer(tokenizer.normalizer) : null,
    pre_tokenizer: tokenizer.pre_tokenizer ? repairPreTokenizer(tokenizer.pre_tokenizer) : null,
    decoder: tokenizer.decoder ? repairDecoder(tokenizer.decoder) : null,
    model: model && repairModel(model),
  };
}

function refuse(what: string): never {
  throw new TokenizerError(`${what} is not supported`);
}

const aroundSpaces = 'type add_prefix_space trim_offsets use_regex';
const metaspace = 'type replacement str_rep prepend_scheme add_prefix_space split';

/** Options that are computed, or known to change no id and no decoded text, by the kind of part they belong to. */
const options: Readonly<Record<string, ReadonlySet<string>>> = {
  'tokenizer.json': fields('version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model'),
  'added token': fields('id content single_word lstrip rstrip normalized special'),
  Sequence: fields('type normalizers pretokenizers decoders processors'),
  NFC: fields('type'),
  NFD: fields('type'),
  NFKC: fields('type'),
  NFKD: fields('type'),
  Prepend: fields('type prepend'),
  Replace: fields('type pattern content'),
  Strip: fields('type strip_left strip_right content start stop'),
  ByteLevel: fields(aroundSpaces),
  Metaspace: fields(metaspace),
  Digits: fields('type individual_digits'),
  Split: fields('type pattern behavior invert'),
  ByteFallback: fields('type'),
  Fuse: fields('type'),
  BPE: fields('type vocab merges unk_token fuse_unk byte_fallback ignore_merges continuing_subword_prefix end_of_word_suffix'),
  Unigram: fields('type vocab unk_id byte_fallback'),
};

/** Throws TokenizerError naming an option that is set and not known, `dropout` of BPE for one. */
function checkOptions<T extends Record<string, unknown>>(kind: string, part: T): T {
  const unknown = unknownField(part, options[kind]);
  if (unknown !== undefined) refuse(`${kind} with ${unknown} ${JSON.stringify(part[unknown])?.slice(0, 100)}`);
  return part;
}

/** It adds tokens around a text where a caller asks for them; texts are framed by the chat template here, so nothing does. */
function checkPostProcessor({ type, processors }: Part): void {
  if (type === 'Sequence') return (processors as Part[]).forEach(checkPostProcessor);
  if (!['TemplateProcessing', 'ByteLevel', 'BertProcessing', 'RobertaProcessing'].includes(type as string)) refuse(`post-processor ${JSON.stringify(type)}`);
}

const known = (part: Part): Part => (Object.hasOwn(options, part.type ?? '') ? checkOptions(part.type!, part) : part);

function repairNormalizer(part: Part): Part {
  known(part);
  switch (part.type) {
    case 'Sequence':
      return { ...part, normalizers: (part.normalizers as Part[]).map(repairNormalizer) };
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    case 'Prepend':
      return part;
    case 'Replace':
      // The content goes into String.replaceAll, where a dollar sign has a meaning.
      return { ...part, content: String(part.content).replaceAll('$', '$$$$') };
    case 'Strip': {
      // The library trims what JavaScript calls white space.
      const ends = [part.strip_left ? String.raw`\A\s+` : '', part.strip_right ? String.raw`(?<!\s)\s+\z` : ''];
      return { type: 'Replace', pattern: { Regex: ends.filter(Boolean).join('|') || '(?!)' }, content: '' };
    }
    default:
      // "Precompiled" among them: the library only approximates its table.
      return refuse(`normalizer ${JSON.stringify(part.type)}`);
  }
}

function repairPreTokenizer(part: Part): Part {
  known(part);
  switch (part.type) {
    case 'Sequence':
      return { ...part, pretokenizers: (part.pretokenizers as Part[]).map(repairPreTokenizer) };
    case 'ByteLevel':
      return repairByteLevel(part);
    case 'Metaspace':
      return repairMetaspace(part);
    case 'Digits':
      // The library matches ASCII digits only; Rust matches every numeric character.
      return split(part.individual_digits === true ? String.raw`\p{N}` : String.raw`\p{N}+`);
    case 'Split':
      return repairSplit(part);
    default:
      return refuse(`pre-tokenizer ${JSON.stringify(part.type)}`);
  }
}

const split = (regex: string): Part => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

function repairByteLevel(part: Part): Part {
  // The library's own copy of the split uses JavaScript's \s, which has U+FEFF and lacks U+0085.
  const bytes = { ...part, use_regex: false, add_prefix_space: false };
  // As a step of its own, since the space comes before the split. It replaces a character, because JavaScript
  // finds an empty match between two halves of a surrogate pair.
  const space = { type: 'Replace', pattern: { Regex: String.raw`\A[^ ]` }, content: ' $&' };
  const before = [
    ...(part.add_prefix_space === true ? [space] : []),
    ...(part.use_regex === false ? [] : [split(gpt2Words)]),
  ];
  return before.length === 0 ? bytes : { type: 'Sequence', pretokenizers: [...before, bytes] };
}

function repairMetaspace(part: Part): Part {
  const mark = (part.replacement as string | undefined) ?? '\u2581';
  // One character that needs no escape in an expression.
  if (!/^[^\\^$.*+?()[\]{}|-]$/u.test(mark)) refuse(`pre-tokenizer "Metaspace" with replacement ${JSON.stringify(mark)}`);
  // Older files say it with a flag that the library does not read.
  const scheme = part.prepend_scheme ?? (part.add_prefix_space === false ? 'never' : 'always');
  const marked = { ...part, prepend_scheme: scheme };
  // The library leaves the text whole; Rust cuts it before every mark.
  const cut = split(`${mark}[^${mark}]*|[^${mark}]+`);
  return part.split === false ? marked : { type: 'Sequence', pretokenizers: [marked, cut] };
}

function repairSplit(part: Part): Part {
  const behavior = String(part.behavior).toLowerCase();
  const { Regex: regex, String: text } = (part.pattern ?? {}) as { Regex?: string; String?: string };
  const pattern = { Regex: regex ?? (text ?? '').replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) };
  // Isolated keeps matches and what lies between them, so `invert` changes nothing; the library would drop the latter.
  if (behavior === 'isolated') return { ...part, pattern, invert: false };
  if (behavior === 'removed') return { ...part, pattern };
  return refuse(`pre-tokenizer "Split" with behavior ${JSON.stringify(part.behavior)}`);
}

function repairDecoder(part: Part): Part {
  known(part);
  switch (part.type) {
    case 'Sequence':
      return { ...part, decoders: (part.decoders as Part[]).map(repairDecoder) };
    case 'Metaspace': {
      // The library takes a space off the beginning although none was put there.
      const isBare = part.prepend_scheme === 'never' || part.add_prefix_space === false;
      const mark = (part.replacement as string | undefined) ?? '\u2581';
      return isBare ? { type: 'Replace', pattern: { String: mark }, content: ' ' } : part;
    }
    case 'ByteLevel':
    case 'ByteFallback':
    case 'Fuse':
    case 'Strip':
    case 'Replace':
      return part;
    default:
      return refuse(`decoder ${JSON.stringify(part.type)}`);
  }
}

function repairModel(part: Part): Part {
  const type = part.type ?? (part.merges ? 'BPE' : undefined);
  if (type !== 'BPE' && type !== 'Unigram') refuse(`tokenizer model ${JSON.stringify(type)}`);
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (part[field]) refuse(`tokenizer model with ${field} ${JSON.stringify(part[field])}`);
  }
  if (part.dropout === 0) return repairModel({ ...part, dropout: null });
  checkOptions(type, part);
  return { ...part, type };
}

/** A decoder of the library, as far as it is put right. */
export interface LibraryDecoder {
  config?: { type?: string };
  decoders?: LibraryDecoder[];
  text_decoder?: { decode(bytes: Uint8Array): string };
}

/**
 * Byte tokens are decoded as Rust does: a run that is not UTF-8 becomes one U+FFFD per byte. The library also drops
 * a byte order mark that the text began with.
 */
export function repairByteFallback(decoder: LibraryDecoder | null): void {
  if (!decoder) return;
  decoder.decoders?.forEach(repairByteFallback);
  if (decoder.config?.type === 'ByteFallback') decoder.text_decoder = { decode: decodeRun };
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeRun(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

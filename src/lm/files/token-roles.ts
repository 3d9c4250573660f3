/**
 * Which tokens begin and end a text. `tokenizer_config.json` names them by their text, `config.json` and
 * `generation_config.json` by their ids; GPT-2 as the Hub has it names them in the latter alone.
 */
import { CheckpointError } from './checkpoint-error.js';
import { type ModelConfig } from '../model/config.js';
import { type TokenizerFiles } from '../text/tokenizer.js';

type Json = Record<string, unknown>;

/**
 * Names the begin and end markers that the tokenizer's configuration leaves out. A `bos_token` of null is an answer, as
 * Qwen2 gives it: no marker. Throws CheckpointError where the end's id has no token.
 */
export function withEnds(files: TokenizerFiles, { bosTokenId, eosTokenIds }: ModelConfig): TokenizerFiles {
  const config = parse('tokenizer_config.json', files.tokenizerConfigJson);
  const bos = config.bos_token === undefined ? bosTokenId : null;
  const eos = names(config.eos_token) ? null : (eosTokenIds[0] ?? null);
  if (bos === null && eos === null) return files;
  const tokens = tokensById(parse('tokenizer.json', files.tokenizerJson));
  // A description without a vocabulary has nothing to name.
  if (tokens.size === 0) return files;
  if (eos !== null && !tokens.has(eos)) throw new CheckpointError(`config.json: eos_token_id ${eos} is not a token of tokenizer.json`);
  const found = { bos_token: bos === null ? undefined : tokens.get(bos), eos_token: eos === null ? undefined : tokens.get(eos) };
  const named = Object.fromEntries(Object.entries(found).filter(([, token]) => token !== undefined));
  return { ...files, tokenizerConfigJson: JSON.stringify({ ...config, ...named }, null, 2) };
}

const names = (value: unknown): boolean =>
  typeof value === 'string' || typeof (value as { content?: unknown } | null | undefined)?.content === 'string';

function tokensById({ model, added_tokens: added }: Json): Map<number, string> {
  const vocab = (model as Json | undefined)?.vocab ?? {};
  const entries = Array.isArray(vocab)
    ? (vocab as [string, number][]).map(([token], id) => [id, token] as const)
    : Object.entries(vocab as Record<string, number>).map(([token, id]) => [id, token] as const);
  const extra = (Array.isArray(added) ? (added as { id: number; content: string }[]) : []).map(({ id, content }) => [id, content] as const);
  return new Map([...entries, ...extra]);
}

function parse(name: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new CheckpointError(`${name} is not JSON: ${(error as Error).message}`);
  }
}

/**
 * How the tokenizers of the field cut text into words, before byte-level BPE. Written for JavaScript's and Rust's regular
 * expressions alike. Their time grows linearly with the length of a text, which cannot be assumed of others.
 */

/** GPT-2. */
export const gpt2Words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** cl100k-like; `digits` is how many stay together: {1,3} in Llama 3, one in Qwen2. */
export const modernWords = (digits: '' | '{1,3}'): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const wellKnown: ReadonlySet<string> = new Set([gpt2Words, modernWords(''), modernWords('{1,3}')]);

/** Whether a part of a tokenizer, at any depth, matches with an expression that is not among those above. */
export function hasForeignPattern(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return Object.entries(part).some(([name, value]) =>
    name === 'Regex' ? typeof value !== 'string' || !wellKnown.has(value) : hasForeignPattern(value),
  );
}

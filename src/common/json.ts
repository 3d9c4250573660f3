// Bytes from outside become values here, strictly: what could not be stored and given back as it came is refused, with its
// place. JSON bodies and the lines of NDJSON bodies are read by the same rules.
import { isUtf8 } from 'node:buffer';
import { shorten, type ProblemDetail } from './problem.js';

/** Containers within containers. Deep enough for any record, and far from what recursive code cannot take. */
const maxDepth = 64;

export type Read = { value: unknown; error?: undefined } | { value?: undefined; error: ProblemDetail };

/** Characters that Postgres text and jsonb cannot hold: NUL, and halves of a surrogate pair. */
const unstorable = /[\0\p{Surrogate}]/u;
/** How these look in JSON; in text that was valid UTF-8 they can only be escaped. */
const escapedUnstorable = /\\u(0000|d[89a-f])/i;
/** Numbers of up to 15 digits and small exponents are held exactly or nearly enough. */
const longNumber = /\d{16}|\d[eE][+-]?\d{3}/;

export const unstorableMessage = 'must not contain NUL characters or lone surrogates';

/** Whether a text can be stored as it is and read back the same. */
export function isStorableText(text: string): boolean {
  return !unstorable.test(text);
}

/** The text of UTF-8 bytes without its byte order mark; undefined when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export function readJson(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: { pointer: '', rule: 'json', message: (error as Error).message, value: shorten(text) } };
  }
  const mistake = firstMistake(value, 0, escapedUnstorable.test(text)) ?? (longNumber.test(text) ? firstLostNumber(text) : undefined);
  return mistake ? { error: detailOf(mistake) } : { value };
}

interface Mistake {
  /** From the root; filled on the way back. */
  path: string[];
  rule: 'maxDepth' | 'isStorable' | 'exactNumber';
  message: string;
  value?: string;
}

/** @param texts whether to check texts and names; most bodies are already known to be valid */
function firstMistake(value: unknown, depth: number, texts: boolean): Mistake | undefined {
  if (typeof value === 'string') return texts && unstorable.test(value) ? unstorableAt(value) : undefined;
  if (value === null || typeof value !== 'object') return undefined;
  if (depth === maxDepth) return { path: [], rule: 'maxDepth', message: `must not be nested deeper than ${maxDepth} levels` };
  for (const key of Object.keys(value)) {
    const name = texts && !Array.isArray(value) && unstorable.test(key);
    const found = name ? unstorableAt(key) : firstMistake((value as Record<string, unknown>)[key], depth + 1, texts);
    if (!found) continue;
    found.path.unshift(key);
    return found;
  }
  return undefined;
}

function unstorableAt(text: string): Mistake {
  return { path: [], rule: 'isStorable', message: unstorableMessage, value: shorten(text) };
}

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const marker = 'plumbline-lost-number:';

/** The first number that would not be given back as it came. */
function firstLostNumber(text: string): Mistake | undefined {
  const marked = text.replace(tokens, (token) => (token[0] !== '"' && isLost(token) ? JSON.stringify(marker + token) : token));
  // Nearly always the digits were within a text.
  return marked.length === text.length ? undefined : findMarked(JSON.parse(marked));
}

/** An integer that a double does not hold, and what becomes infinite or zero. Fractions are rounded, as everywhere. */
function isLost(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  if (value === 0) return /[1-9]/.test(literal.split(/e/i)[0]);
  if (!/^-?\d+$/.test(literal) || Number.isSafeInteger(value)) return false;
  // As a double prints itself, or equal to its last digit.
  return String(value) !== literal && BigInt(value) !== BigInt(literal);
}

function findMarked(value: unknown): Mistake | undefined {
  if (typeof value === 'string' && value.startsWith(marker)) {
    const message = 'must be a number that a double can represent (integers exactly): send a string instead';
    return { path: [], rule: 'exactNumber', message, value: shorten(value.slice(marker.length)) };
  }
  if (value === null || typeof value !== 'object') return undefined;
  for (const key of Object.keys(value)) {
    const found = findMarked((value as Record<string, unknown>)[key]);
    if (!found) continue;
    found.path.unshift(key);
    return found;
  }
  return undefined;
}

function detailOf({ path, rule, message, value }: Mistake): ProblemDetail {
  // Eight steps are enough to find the field.
  const pointer = path.slice(0, 8).map((name) => `/${pointerStep(name)}`).join('');
  return { pointer, rule, message, ...(value !== undefined && { value }) };
}

/** A name as part of a JSON pointer. */
export function pointerStep(name: string): string {
  return shorten(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

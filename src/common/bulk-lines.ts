import type { Readable } from 'node:stream';
import type { ClassConstructor } from 'class-transformer';
import { bulkResult, type BulkItemResult, type BulkResult } from './bulk.js';
import { readNdjson, type NdjsonLine } from './ndjson.js';
import type { ProblemDetail } from './problem.js';
import { validatePlain } from './validation.js';
import { writeOnce } from './write-once.js';

/** A line that was read and has passed its DTO's rules. */
export interface BulkLine<T> {
  line: number;
  value: T;
}

export interface BulkLimits {
  /** Lines written at once. */
  lines: number;
  /** Characters of JSON written at once; bounds memory when lines are long. */
  characters: number;
}

const defaults: BulkLimits = { lines: 1000, characters: 8_000_000 };

/**
 * Reads NDJSON, checks each line, and hands the good ones to `land` set by set; one result per line comes
 * back in order. `land` answers for exactly the lines it was given.
 */
export async function landLines<T extends object>(
  body: Readable,
  type: ClassConstructor<T>,
  land: (lines: BulkLine<T>[]) => Promise<BulkItemResult[]>,
  limits: BulkLimits = defaults,
): Promise<BulkResult> {
  const results: BulkItemResult[] = [];
  let waiting: BulkLine<T>[] = [];
  let characters = 0;
  const flush = async () => {
    const lines = waiting;
    results.push(...(await writeOnce(lines, async () => (lines.length > 0 ? land(lines) : []))));
    waiting = [];
    characters = 0;
  };
  for await (const read of readNdjson(body)) {
    const checked = check(type, read);
    if (checked.errors) {
      results.push(failedLine(read.line, codeOf(checked.errors), checked.errors));
      continue;
    }
    waiting.push({ line: read.line, value: checked.value });
    characters += JSON.stringify(read.value).length;
    if (waiting.length >= limits.lines || characters >= limits.characters) await flush();
  }
  await flush();
  return bulkResult(results.sort((a, b) => a.line - b.line));
}

export function failedLine(line: number, code: string, errors: ProblemDetail[]): BulkItemResult {
  return { line, status: 'failed', code, errors };
}

function check<T extends object>(type: ClassConstructor<T>, read: NdjsonLine): ReturnType<typeof validatePlain<T>> {
  return read.error ? { errors: [read.error] } : validatePlain(type, read.value);
}

export function codeOf(errors: ProblemDetail[]): string {
  const rules = new Set(errors.map((error) => error.rule));
  if (rules.has('json')) return 'malformed_json';
  if (rules.has('utf8')) return 'not_utf8';
  if (rules.has('lineLength')) return 'line_too_long';
  return rules.size === 1 && rules.has('whitelistValidation') ? 'unknown_field' : 'validation_failed';
}

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { shorten } from './problem.js';

export interface NdjsonLine {
  /** 1-based line number in the body. */
  line: number;
  value?: unknown;
  /** Why the line could not be read; `value` is then absent. */
  error?: { rule: 'json' | 'lineLength'; message: string; value: string };
}

/**
 * Reads newline-delimited JSON without holding the body: a malformed or over-long line is reported in
 * its place and the lines around it still arrive. Blank lines are passed over.
 *
 * @param maxLineCharacters longest line; the rest of a longer one is dropped unread
 */
export async function* readNdjson(body: Readable, maxLineCharacters = 1_048_576): AsyncGenerator<NdjsonLine> {
  for await (const { lines } of blocks(body, maxLineCharacters)) yield* lines;
}

/**
 * The same in sets, so that the consumer can write set by set. A set ends with the piece of the body in which it has
 * got `lines` lines or `bytes` bytes: a promise per line would take as long as reading it.
 */
export async function* readNdjsonSets(
  body: Readable,
  { maxLineCharacters, ...set }: { maxLineCharacters: number; lines: number; bytes: number },
): AsyncGenerator<NdjsonLine[]> {
  let lines: NdjsonLine[] = [];
  let bytes = 0;
  for await (const block of blocks(body, maxLineCharacters)) {
    for (const line of block.lines) lines.push(line);
    bytes += block.bytes;
    if (lines.length < set.lines && bytes < set.bytes) continue;
    if (lines.length > 0) yield lines;
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield lines;
}

/** The lines that end in each piece of the body. */
async function* blocks(body: Readable, maxLineCharacters: number): AsyncGenerator<{ lines: NdjsonLine[]; bytes: number }> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let line = 0;
  let overlong = false;
  for await (const chunk of body) {
    const lines: NdjsonLine[] = [];
    const pieces = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = pieces.pop()!;
    for (const piece of pieces) {
      line++;
      if (overlong) overlong = false;
      else if (piece.length > maxLineCharacters) lines.push(tooLong(line, piece, maxLineCharacters));
      else if (piece.trim() !== '') lines.push(parse(line, piece));
    }
    if (rest.length > maxLineCharacters) {
      if (!overlong) lines.push(tooLong(line + 1, rest, maxLineCharacters));
      overlong = true;
      rest = '';
    }
    yield { lines, bytes: (chunk as Buffer).length };
  }
  rest += decoder.end();
  if (!overlong && rest.trim() !== '') yield { lines: [parse(line + 1, rest)], bytes: 0 };
}

function parse(line: number, text: string): NdjsonLine {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { line, error: { rule: 'json', message: (error as Error).message, value: shorten(text) } };
  }
}

function tooLong(line: number, text: string, limit: number): NdjsonLine {
  const message = `line is longer than ${limit} characters`;
  return { line, error: { rule: 'lineLength', message, value: shorten(text) } };
}

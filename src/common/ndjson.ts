import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

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
 * @param maxLineBytes longest line in characters; the rest of a longer one is dropped unread
 */
export async function* readNdjson(body: Readable, maxLineBytes = 1_048_576): AsyncGenerator<NdjsonLine> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let line = 0;
  let overlong = false;
  for await (const chunk of body) {
    const pieces = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = pieces.pop()!;
    for (const piece of pieces) {
      line++;
      if (overlong) overlong = false;
      else if (piece.length > maxLineBytes) yield tooLong(line, piece, maxLineBytes);
      else if (piece.trim() !== '') yield parse(line, piece);
    }
    if (rest.length > maxLineBytes) {
      if (!overlong) yield tooLong(line + 1, rest, maxLineBytes);
      overlong = true;
      rest = '';
    }
  }
  rest += decoder.end();
  if (!overlong && rest.trim() !== '') yield parse(line + 1, rest);
}

/** Groups an async iterable, so that the consumer can write set by set. */
export async function* chunked<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length >= size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

function parse(line: number, text: string): NdjsonLine {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { line, error: { rule: 'json', message: (error as Error).message, value: text.slice(0, 120) } };
  }
}

function tooLong(line: number, text: string, limit: number): NdjsonLine {
  const message = `line is longer than ${limit} characters`;
  return { line, error: { rule: 'lineLength', message, value: text.slice(0, 120) } };
}

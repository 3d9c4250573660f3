import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { readJson } from './json.js';
import { shorten, type ProblemDetail } from './problem.js';

export interface NdjsonLine {
  /** 1-based line number in the body. */
  line: number;
  value?: unknown;
  /** Why the line could not be read; `value` is then absent. */
  error?: ProblemDetail;
}

/**
 * Reads newline-delimited JSON without holding the body: a malformed or over-long line is reported in
 * its place and the lines around it still arrive. Blank lines are passed over, and so is a byte order mark at the beginning.
 *
 * @param maxLineCharacters longest line; the rest of a longer one is dropped unread
 */
export async function* readNdjson(body: Readable, maxLineCharacters = 1_048_576): AsyncGenerator<NdjsonLine> {
  for await (const { lines } of blocks(body, maxLineCharacters)) yield* lines;
}

/**
 * The same in sets, so that the consumer can write set by set: a promise per line would take as long as reading it. A set ends with
 * the line by which it has got `lines` lines or `characters` characters, in whatever pieces the body arrives.
 */
export async function* readNdjsonSets(
  body: Readable,
  { maxLineCharacters, ...set }: { maxLineCharacters: number; lines: number; characters: number },
): AsyncGenerator<NdjsonLine[]> {
  let lines: NdjsonLine[] = [];
  let characters = 0;
  for await (const block of blocks(body, maxLineCharacters)) {
    for (const [i, line] of block.lines.entries()) {
      lines.push(line);
      characters += block.characters[i];
      if (lines.length < set.lines && characters < set.characters) continue;
      yield lines;
      lines = [];
      characters = 0;
    }
  }
  if (lines.length > 0) yield lines;
}

const newline = 0x0a;
const byteOrderMark = Buffer.from('\ufeff');

interface Block {
  lines: NdjsonLine[];
  /** Length of each of them, as far as it was read. */
  characters: number[];
}

/** The lines that end in each piece of the body. */
async function* blocks(body: Readable, maxLineCharacters: number): AsyncGenerator<Block> {
  // The bytes of an unfinished line.
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  let overlong = false;
  const read = (bytes: Buffer): Block => {
    const start = line === 0 && !overlong && bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    const block: Block = { lines: [], characters: [] };
    const add = (read: NdjsonLine, characters: number): void => {
      block.lines.push(read);
      block.characters.push(characters);
    };
    for (const piece of textLines(bytes.subarray(start))) {
      line++;
      if (overlong) overlong = false;
      else if (piece === undefined) add({ line, error: notUtf8 }, 0);
      else if (piece.length > maxLineCharacters) add(tooLong(line, piece, maxLineCharacters), 0);
      else if (piece.trim() !== '') add({ line, ...readJson(piece) }, piece.length);
    }
    return block;
  };
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const end = chunk.lastIndexOf(newline);
    const block = end < 0 ? { lines: [], characters: [] } : read(Buffer.concat([...rest, chunk.subarray(0, end)]));
    if (end >= 0) [rest, restBytes] = [[], 0];
    rest.push(chunk.subarray(end + 1));
    restBytes += chunk.length - end - 1;
    // A character has three bytes at most.
    if (overlong || restBytes > 3 * maxLineCharacters) {
      if (!overlong) {
        block.lines.push(tooLong(line + 1, Buffer.concat(rest).subarray(0, 600).toString(), maxLineCharacters));
        block.characters.push(0);
      }
      overlong = true;
      [rest, restBytes] = [[], 0];
    }
    yield block;
  }
  if (restBytes > 0) yield read(Buffer.concat(rest));
}

/** Lines as text; undefined where a line is not UTF-8. Usually all are valid, so they are checked and decoded at once. */
function textLines(bytes: Buffer): (string | undefined)[] {
  if (isUtf8(bytes)) return bytes.toString('utf8').split('\n');
  const lines: (string | undefined)[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const at = bytes.indexOf(newline, start);
    const end = at < 0 ? bytes.length : at;
    const line = bytes.subarray(start, end);
    lines.push(isUtf8(line) ? line.toString('utf8') : undefined);
    start = end + 1;
  }
  return lines;
}

const notUtf8: ProblemDetail = { pointer: '', rule: 'utf8', message: 'the line is not valid UTF-8' };

function tooLong(line: number, text: string, limit: number): NdjsonLine {
  return { line, error: { pointer: '', rule: 'lineLength', message: `line is longer than ${limit} characters`, value: shorten(text) } };
}

// Reads the folder that `npm run ingest` takes, and refuses it as a whole when a line is not what it must be:
// nothing is sent before every file was read.
import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CriterionSpec } from '../client/ensure.js';

interface IngestPrompt {
  externalId: string;
  text: string;
}
interface IngestCompletion {
  externalId: string;
  promptExternalId: string;
  source: string;
  text: string;
}
export interface IngestRating {
  completionExternalId: string;
  labeler: string;
  score: number;
}
export interface IngestFolder {
  prompts: IngestPrompt[];
  completions: IngestCompletion[];
  ratings: IngestRating[];
  criterion?: CriterionSpec;
}

export class IngestError extends Error {}

/** @throws IngestError naming the file, the line, the field, the rule and the value */
export function readFolder(dir: string): IngestFolder {
  const folder = {
    prompts: readLines<IngestPrompt>(dir, 'prompts.jsonl', { externalId: 'string', text: 'string' }),
    completions: readLines<IngestCompletion>(dir, 'completions.jsonl', {
      externalId: 'string',
      promptExternalId: 'string',
      source: 'string',
      text: 'string',
    }),
    ratings: readLines<IngestRating>(dir, 'ratings.jsonl', {
      completionExternalId: 'string',
      labeler: 'string',
      score: 'number',
    }),
  };
  const criterionFile = join(dir, 'criterion.json');
  if (!existsSync(criterionFile)) return folder;
  return { ...folder, criterion: parse(textOf('criterion.json', withoutMark(readFileSync(criterionFile))), 'criterion.json') as CriterionSpec };
}

/** Where the folder names no criterion: one level per integer from the lowest to the highest score. */
export function criterionFromScores(name: string, ratings: readonly IngestRating[]): CriterionSpec {
  const scores = [...new Set(ratings.map((rating) => rating.score))].sort((a, b) => a - b);
  const integers = scores.every(Number.isInteger);
  const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const values = integers ? range(scores[0], scores[scores.length - 1]) : scores;
  if (values.length < 2 || values.length > 21) {
    throw new IngestError(`ratings.jsonl: score must have 2 to 21 levels, found ${values.length}: put a criterion.json beside it`);
  }
  return {
    name,
    instructions: `Ratings that were recorded elsewhere and loaded as '${name}'; higher is better.`,
    scale: values.map((value) => ({ value, label: `level ${value}` })),
  };
}

function readLines<T>(dir: string, name: string, fields: Record<keyof T & string, 'string' | 'number'>): T[] {
  const file = join(dir, name);
  if (!existsSync(file)) throw new IngestError(`${name}: must be in the folder '${dir}', and is not`);
  return linesOf(withoutMark(readFileSync(file)))
    .flatMap((bytes, index) => {
      const at = `${name} line ${index + 1}`;
      const line = textOf(at, bytes);
      if (line.trim() === '') return [];
      const value = parse(line, at) as Record<string, unknown> | null;
      for (const [field, type] of Object.entries(fields)) {
        const given = value?.[field];
        if (typeof given !== type) throw new IngestError(`${at}: ${field} must be a ${type as string}, got ${JSON.stringify(given)}`);
      }
      return [value as T];
    });
}

/** Windows programs begin files with a byte order mark. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? bytes.subarray(3) : bytes;
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const at = bytes.indexOf('\n', start);
    const end = at < 0 ? bytes.length : at;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Other encodings are refused, and not guessed: a wrong guess would be in every text. */
function textOf(at: string, bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // What is valid up to the wrong byte shows where it is.
  const before = bytes.toString('utf8').split('\ufffd')[0].slice(-30);
  throw new IngestError(`${at}: must be UTF-8, and is not after '${before}': convert the file, as with iconv -t UTF-8`);
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new IngestError(`${at}: must be JSON, ${(error as Error).message}`);
  }
}

// What a row of any format becomes, and how a format says what is wrong with a row.
import type { Conversation, ToolCall } from '#src/common/conversation.js';

export type Row = Record<string, unknown>;

/** A prompt with its answers, and what people or programs said of them. */
export interface Sample {
  prompt: string | Conversation;
  completions: Answer[];
  ratings: SampleRating[];
  preferences: SamplePreference[];
  /** Parts of the row that are left out, in words; the same words are counted together. */
  leftOut: string[];
}

export interface Answer {
  text: string;
  reasoning?: string;
  toolCalls?: ToolCall[];
  /** The model or person who wrote it; the name of the data where the row does not tell. */
  source?: string;
}

interface SampleRating {
  /** Index into `completions`. */
  completion: number;
  /** By dimension; one that has the name '' where there are none. */
  scores: Record<string, number>;
  labeler?: string;
  rationale?: string;
}

interface SamplePreference {
  /** Indices into `completions`. */
  of: [number, number];
  /** One of the two; null for a tie. */
  preferred: number | null;
  labeler?: string;
  rationale?: string;
}

export interface Format {
  /** For `--format`. */
  name: string;
  title: string;
  /** A row as JSON, for `--help` and docs/ingest.md. */
  example: Row;
  becomes: string;
  recognises: (row: Row) => boolean;
  /** Columns that are read; others are reported as left out. */
  columns: readonly string[];
  /** Others that are read. */
  reads?: (column: string) => boolean;
  /** @throws RowError */
  read: (row: Row) => Sample;
  /** Of ratings and preferences where a row names nobody; the name of the data if left out. */
  labeler?: string;
  /** What is known beforehand of the criterion; otherwise it follows from the scores. */
  criterion?: { name: string; instructions: string; levels: readonly number[]; dimensions?: Record<string, number> };
}

/** A row that cannot be taken. `field` is a JSON pointer into the row. */
export class RowError extends Error {
  constructor(
    readonly field: string,
    readonly rule: string,
    message: string,
    readonly value?: unknown,
  ) {
    super(message);
  }
}

export function sample(prompt: Sample['prompt'], completions: Answer[] = []): Sample {
  return { prompt, completions, ratings: [], preferences: [], leftOut: [] };
}

/** What is preferred to what. Equal answers are left out: they tell nothing, and are in most public data. */
export function prefer(made: Sample, of: [number, number], preferred: number | null, by: { labeler?: string; rationale?: string } = {}): void {
  const [a, b] = of.map((index) => JSON.stringify([made.completions[index].text, made.completions[index].toolCalls]));
  if (a === b) made.leftOut.push('preferences between two equal answers');
  else made.preferences.push({ of, preferred, ...by });
}

export const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a row has something there: CSV has an empty text where JSON has no field or null. */
export const given = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

export function textOf(row: Row, field: string, at = `/${field}`): string {
  const value = row[field];
  if (typeof value === 'string') return value;
  throw new RowError(at, 'string', 'must be a text', value);
}

/** The first of these fields that holds a text or a number, as a text. */
export function optionalText(row: Row, ...fields: string[]): string | undefined {
  const value = fields.map((field) => row[field]).find(given);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
}

/** A number, or a text that is one, as CSV has them. */
export function numberOf(value: unknown, at: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new RowError(at, 'number', 'must be a number', value);
}

/** The labeler that a row names itself. */
export const labelerOf = (row: Row): { labeler?: string } => {
  const labeler = optionalText(row, ...labelerColumns);
  return labeler === undefined ? {} : { labeler };
};
export const labelerColumns = ['labeler', 'annotator', 'annotator_id'] as const;

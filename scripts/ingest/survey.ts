// The first pass over the data: every row is read as it will be sent, counted, and held against the rules, and nothing is sent.
import { basename } from 'node:path';
import { formatOf, formats, renamed } from './formats/index.js';
import { checkLines, linesOf } from './lines.js';
import { IngestError, readRows, type ReadRow } from './rows.js';
import { RowError, type Format, type Row, type Sample } from './sample.js';

export interface Invalid {
  at: string;
  error: RowError;
}

/** How many different ones; exact up to a million, so that memory has an end. */
class Distinct {
  private static readonly most = 1_000_000;
  private readonly seen = new Set<number>();
  private over = false;

  /** @param id ends with hexadecimal digits of a hash */
  add(id: string): void {
    if (this.seen.size < Distinct.most) this.seen.add(parseInt(id.slice(-13), 16));
    else this.over = true;
  }

  /** Undefined beyond the million. */
  get count(): number | undefined {
    return this.over ? undefined : this.seen.size;
  }

  toString(): string {
    return this.over ? `more than ${Distinct.most.toLocaleString('en')}` : this.seen.size.toLocaleString('en');
  }
}

/** What a survey of rows of any kind finds. */
export class Survey {
  rows = 0;
  invalidRows = 0;
  /** The first of them. */
  readonly invalid: Invalid[] = [];
  readonly distinct = { prompts: new Distinct(), completions: new Distinct(), ratings: new Distinct(), preferences: new Distinct() };
  readonly scores = new Set<number>();
  /** How many ratings have just these dimensions, by their names. */
  readonly dimensionSets = new Map<string, number>();
  readonly labelers = new Set<string>();
  /** Rows that have the column, of those that are not read. */
  readonly unread = new Map<string, number>();
  readonly read = new Set<string>();
  readonly leftOut = new Map<string, number>();

  refuse(at: string, error: unknown): void {
    if (!(error instanceof RowError)) throw error;
    this.invalidRows++;
    if (this.invalid.length < 20) this.invalid.push({ at, error });
  }

  countLeftOut(what: string): void {
    if (this.leftOut.size < 100 || this.leftOut.has(what)) this.leftOut.set(what, (this.leftOut.get(what) ?? 0) + 1);
  }
}

export interface RowSource {
  path: string;
  format: Format;
}

export interface Understanding {
  /** Our names by those of the data. */
  names: ReadonlyMap<string, string>;
  source: string;
  labeler: string;
}

/** The format that most of the first rows have; undefined where none has one. */
export async function recognise(path: string, names: ReadonlyMap<string, string>): Promise<Format | undefined> {
  const votes = new Map<Format, number>();
  let looked = 0;
  for await (const { row } of readRows(path)) {
    const format = row && formatOf(renamed(row, names));
    if (format) votes.set(format, (votes.get(format) ?? 0) + 1);
    if (++looked === 100) break;
  }
  const most = Math.max(...votes.values());
  return formats.find((format) => votes.get(format) === most);
}

/** A row as a sample, or why it is none. */
export function readSample(format: Format, { row, error }: ReadRow, names: ReadonlyMap<string, string>): { row: Row; made: Sample } {
  if (error) throw error;
  const named = renamed(row!, names);
  return { row: named, made: format.read(named) };
}

const nobody = '00000000-0000-7000-8000-000000000000';

export async function survey(sources: readonly RowSource[], { names, source, labeler }: Understanding): Promise<Survey> {
  const found = new Survey();
  const missing = new Set(names.keys());
  for (const { path, format } of sources) {
    for await (const read of readRows(path)) {
      found.rows++;
      if (read.row) for (const column of missing) if (hasColumn(read.row, column)) missing.delete(column);
      try {
        const { row, made } = readSample(format, read, names);
        checkScores(format, made);
        const lines = linesOf(made, { source, labeler, criterionVersionId: nobody });
        checkLines(lines);
        found.distinct.prompts.add(lines.prompt.externalId);
        for (const kind of ['completions', 'ratings', 'preferences'] as const) for (const line of lines[kind]) found.distinct[kind].add(line.externalId!);
        for (const line of [...lines.ratings, ...lines.preferences]) found.labelers.add(line.labelerExternalId!);
        for (const { scores } of made.ratings) countScores(found, scores);
        for (const column of Object.keys(row)) countColumn(found, format, column);
        for (const what of made.leftOut) found.countLeftOut(what);
      } catch (error) {
        found.refuse(read.at, error);
      }
    }
  }
  const [column] = missing;
  if (column !== undefined) throw new IngestError(`--map: no row of ${sources.map(({ path }) => basename(path)).join(', ')} has a column '${column}'`);
  return found;
}

const hasColumn = (row: Row, column: string): boolean =>
  column in row || ['fields', 'data'].some((name) => typeof row[name] === 'object' && row[name] !== null && column in row[name]);

function checkScores({ criterion }: Format, { ratings }: Sample): void {
  for (const { scores } of ratings) {
    for (const [name, score] of Object.entries(scores)) {
      if (criterion && !criterion.levels.includes(score)) throw new RowError(`/${name}`, 'level', `must be one of ${criterion.levels.join(', ')}`, score);
    }
  }
}

function countScores(found: Survey, scores: Record<string, number>): void {
  for (const score of Object.values(scores)) if (found.scores.size < 1000) found.scores.add(score);
  const names = Object.keys(scores).sort().join();
  found.dimensionSets.set(names, (found.dimensionSets.get(names) ?? 0) + 1);
}

function countColumn(found: Survey, { columns, reads }: Format, column: string): void {
  if (columns.includes(column) || reads?.(column)) found.read.add(column);
  else if (found.unread.size < 200 || found.unread.has(column)) found.unread.set(column, (found.unread.get(column) ?? 0) + 1);
}

// Judgements in bulk: read by lines, written by sets, answered line by line. While Postgres writes one set the next one is read and
// checked; neither the body nor the answer is held.
import type { StreamableFile } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import type { Readable } from 'node:stream';
import { BulkAnswer } from '#src/common/bulk-answer.js';
import { codeOf, failedLine } from '#src/common/bulk-lines.js';
import type { BulkItemResult } from '#src/common/bulk.js';
import { newIds } from '#src/common/id.js';
import { readNdjsonSets, type NdjsonLine } from '#src/common/ndjson.js';
import type { ProblemDetail } from '#src/common/problem.js';
import { validatePlain } from '#src/common/validation.js';
import { writeOnce } from '#src/common/write-once.js';
import type { Read, References } from './references.js';

/** A set is one COPY and one commit; it is in memory twice, being read and being written. */
const sets = { lines: 4000, characters: 4_000_000 };

interface BulkRow {
  id: string;
  externalId: string | null;
}

/** What kind of judgement the lines are. */
export interface BulkKind<Dto extends object, Row extends BulkRow, Stored extends BulkRow> {
  type: ClassConstructor<Dto>;
  maxLineCharacters: number;
  /** What no rule of a single field can tell. */
  mistakes(dto: Dto): ProblemDetail[];
  references(dtos: Dto[]): Promise<References>;
  read(id: string, dto: Dto, references: References): Read<Row>;
  /** All of them or, when an external id is taken, none: then false. */
  copyNew(rows: Row[]): Promise<boolean>;
  /** How many went in; the others have an external id that is taken, by a stored row or by one before. */
  insertNew(rows: Row[]): Promise<number>;
  byExternalIds(externalIds: string[]): Promise<Map<string, Stored>>;
  sameContent(stored: Stored, row: Row): boolean;
  taken(stored: Stored): ProblemDetail;
}

type ReadLine<Dto> = { line: number; dto: Dto } | { line: number; failed: BulkItemResult };

/** A set of lines with what became of each, if the rows of the good ones can all be written. */
interface Prepared<Row> {
  results: BulkItemResult[];
  rows: Row[];
  /** Index in `results` of each row. */
  resultOf: number[];
}

interface Written {
  results: BulkItemResult[];
  /** Whether an external id was taken. */
  taken: boolean;
}

/** Good lines land set by set, each set whole; every other line says why it did not. The answer is a `BulkResult`. */
export async function ingest<Dto extends object, Row extends BulkRow, Stored extends BulkRow>(kind: BulkKind<Dto, Row, Stored>, body: Readable): Promise<StreamableFile> {
  const answer = new BulkAnswer();
  try {
    await land(kind, body, answer);
    return answer.finish();
  } catch (error) {
    await answer.discard();
    throw error;
  }
}

async function land<Dto extends object, Row extends BulkRow, Stored extends BulkRow>(kind: BulkKind<Dto, Row, Stored>, body: Readable, answer: BulkAnswer): Promise<void> {
  let writing = Promise.resolve<Written>({ results: [], taken: false });
  let taken = false;
  try {
    for await (const lines of readNdjsonSets(body, { ...sets, maxLineCharacters: kind.maxLineCharacters })) {
      const prepared = await prepare(kind, lines.map((line) => readLine(kind, line)));
      const written = await writing;
      taken ||= written.taken;
      writing = write(kind, lines, prepared, taken);
      // Its failure is thrown where it is awaited, which may be after the next set was read.
      writing.catch(() => undefined);
      await answer.add(written.results);
    }
  } finally {
    // A body that breaks off must not leave a set behind that is written after the answer.
    await writing.catch(() => undefined);
  }
  await answer.add((await writing).results);
}

function readLine<Dto extends object>(kind: Pick<BulkKind<Dto, BulkRow, BulkRow>, 'type' | 'mistakes'>, { line, value, error }: NdjsonLine): ReadLine<Dto> {
  const read = error ? { errors: [error] } : validatePlain(kind.type, value);
  const errors = read.errors ?? kind.mistakes(read.value);
  return errors.length > 0 ? { line, failed: failedLine(line, codeOf(errors), errors) } : { line, dto: read.value! };
}

async function prepare<Dto extends object, Row extends BulkRow>(kind: Pick<BulkKind<Dto, Row, BulkRow>, 'references' | 'read'>, lines: ReadLine<Dto>[]): Promise<Prepared<Row>> {
  const references = await kind.references(lines.flatMap((line) => ('dto' in line ? [line.dto] : [])));
  const ids = newIds(lines.length);
  const results: BulkItemResult[] = [];
  const rows: Row[] = [];
  const resultOf: number[] = [];
  for (const line of lines) {
    if ('failed' in line) {
      results.push(line.failed);
      continue;
    }
    const { value: row, refusal } = kind.read(ids[rows.length], line.dto, references);
    if (refusal) {
      results.push(failedLine(line.line, refusal.code, [refusal.detail]));
      continue;
    }
    rows.push(row);
    resultOf.push(results.length);
    results.push({ line: line.line, status: 'created', id: row.id });
  }
  return { results, rows, resultOf };
}

/** @param posted external ids of this body were taken before: COPY, which writes all or none, is not tried first */
async function write<Dto extends object, Row extends BulkRow, Stored extends BulkRow>(
  kind: BulkKind<Dto, Row, Stored>,
  lines: readonly NdjsonLine[],
  prepared: Prepared<Row>,
  posted: boolean,
): Promise<Written> {
  const { rows } = prepared;
  let taken = false;
  const results = await writeOnce(lines, async () => {
    if (rows.length === 0 || (!posted && (await kind.copyNew(rows)))) return prepared.results;
    taken = true;
    const inserted = await kind.insertNew(rows);
    if (inserted < rows.length) await explainTaken(kind, prepared);
    return prepared.results;
  });
  return { results, taken };
}

/** Tells the lines whose external id was taken apart: posted again, or another judgement under the same id. */
async function explainTaken<Dto extends object, Row extends BulkRow, Stored extends BulkRow>(kind: BulkKind<Dto, Row, Stored>, { rows, resultOf, results }: Prepared<Row>): Promise<void> {
  const stored = await kind.byExternalIds(rows.flatMap(({ externalId }) => externalId ?? []));
  rows.forEach((row, i) => {
    const first = row.externalId === null ? undefined : stored.get(row.externalId);
    if (!first || first.id === row.id) return;
    const { line } = results[resultOf[i]];
    results[resultOf[i]] = kind.sameContent(first, row)
      ? { line, status: 'duplicate', id: first.id }
      : failedLine(line, 'external_id_conflict', [kind.taken(first)]);
  });
}

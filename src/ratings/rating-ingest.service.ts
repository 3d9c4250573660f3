// Bulk ratings: read by lines, written by sets, answered line by line. While Postgres writes one set the next one is
// read and checked; neither the body nor the answer is held.
import { Injectable, type StreamableFile } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { BulkAnswer } from '#src/common/bulk-answer.js';
import { codeOf, failedLine } from '#src/common/bulk-lines.js';
import type { BulkItemResult } from '#src/common/bulk.js';
import { canonicalJson } from '#src/common/hash.js';
import { newIds } from '#src/common/id.js';
import { readNdjsonSets, type NdjsonLine } from '#src/common/ndjson.js';
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import { BulkRatingsRepository, type BulkRating } from './bulk-ratings.repository.js';
import { PublishedVersions } from './published-versions.js';
import { present, readRatingLine } from './rating-line.js';
import { refusal, scoresOf, type References } from './rating-references.js';
import type { Rating } from './rating.entity.js';
import type { CreateRatingDto } from './ratings.dto.js';

/** A set is one COPY and one commit; it is in memory twice, being read and being written. */
const sets = { lines: 4000, bytes: 4_000_000, maxLineCharacters: 64 * 1024 };

type ReadLine = { line: number; dto: CreateRatingDto } | { line: number; failed: BulkItemResult };

/** A set of lines with what became of each, if the rows of the good ones can all be written. */
interface Prepared {
  results: BulkItemResult[];
  rows: BulkRating[];
  /** Index in `results` of each row. */
  resultOf: number[];
}

interface Written {
  results: BulkItemResult[];
  /** Whether an external id was taken. */
  taken: boolean;
}

@Injectable()
export class RatingIngestService {
  constructor(
    private readonly ratings: BulkRatingsRepository,
    private readonly versions: PublishedVersions,
  ) {}

  /** Good lines land set by set, each set whole; every other line says why it did not. The answer is a `BulkResult`. */
  async ingest(auth: AuthContext, body: Readable): Promise<StreamableFile> {
    const answer = new BulkAnswer();
    try {
      await this.land(auth, body, answer);
      return answer.finish();
    } catch (error) {
      await answer.discard();
      throw error;
    }
  }

  private async land(auth: AuthContext, body: Readable, answer: BulkAnswer): Promise<void> {
    let writing = Promise.resolve<Written>({ results: [], taken: false });
    let taken = false;
    try {
      for await (const lines of readNdjsonSets(body, sets)) {
        const prepared = await this.prepare(auth, lines.map(readLine));
        const written = await writing;
        taken ||= written.taken;
        writing = this.write(auth, prepared, taken);
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

  private async prepare(auth: AuthContext, lines: ReadLine[]): Promise<Prepared> {
    const references = await this.resolve(auth, lines.flatMap((line) => ('dto' in line ? [line.dto] : [])));
    const ids = newIds(lines.length);
    const results: BulkItemResult[] = [];
    const rows: BulkRating[] = [];
    const resultOf: number[] = [];
    for (const line of lines) {
      const mistake = 'dto' in line ? refusal(line.dto, references) : undefined;
      if ('failed' in line) results.push(line.failed);
      else if (mistake) results.push(failedLine(line.line, mistake.code, [mistake.detail]));
      else {
        const row = toRow(ids[rows.length], line.dto, references);
        rows.push(row);
        resultOf.push(results.length);
        results.push({ line: line.line, status: 'created', id: row.id });
      }
    }
    return { results, rows, resultOf };
  }

  /** @param posted external ids of this body were taken before: COPY, which writes all or none, is not tried first */
  private async write(auth: AuthContext, { results, rows, resultOf }: Prepared, posted: boolean): Promise<Written> {
    if (rows.length === 0 || (!posted && (await this.ratings.copyNew(rows, auth.vendorId)))) return { results, taken: false };
    const inserted = await this.ratings.insertNew(rows, auth.vendorId);
    if (inserted < rows.length) await this.explainTaken(auth, rows, resultOf, results);
    return { results, taken: true };
  }

  private async resolve(auth: AuthContext, dtos: CreateRatingDto[]): Promise<References> {
    const named = keysOf(dtos);
    const [completions, completionsByExternalId, labelers, labelersByExternalId, versions] = await Promise.all([
      this.ratings.completionIds([...named.completionId], 'id', auth.vendorId),
      this.ratings.completionIds([...named.completionExternalId], 'externalId', auth.vendorId),
      this.ratings.labelerIds([...named.labelerId], 'id', auth.vendorId),
      this.ratings.labelerIds([...named.labelerExternalId], 'externalId', auth.vendorId),
      this.versions.get(named.criterionVersionId, auth.vendorId),
    ]);
    return { completions, completionsByExternalId, labelers, labelersByExternalId, versions };
  }

  /** Tells the lines whose external id was taken apart: posted again, or another rating under the same id. */
  private async explainTaken(
    auth: AuthContext,
    rows: BulkRating[],
    resultOf: number[],
    results: BulkItemResult[],
  ): Promise<void> {
    const named = rows.flatMap((row) => (row.externalId === null ? [] : [row.externalId]));
    const stored = await this.ratings.byExternalIds(named, auth.vendorId);
    rows.forEach((row, i) => {
      const first = row.externalId === null ? undefined : stored.get(row.externalId);
      if (!first || first.id === row.id) return;
      const { line } = results[resultOf[i]];
      results[resultOf[i]] = sameContent(first, row)
        ? { line, status: 'duplicate', id: first.id }
        : failedLine(line, 'external_id_conflict', [takenBy(first)]);
    });
  }
}

export function takenBy(first: Pick<Rating, 'id' | 'externalId'>): ProblemDetail {
  const message = `rating ${first.id} has this externalId and another content`;
  return { pointer: '/externalId', rule: 'unique', message, value: shorten(first.externalId) };
}

type ReferenceField = 'completionId' | 'completionExternalId' | 'labelerId' | 'labelerExternalId' | 'criterionVersionId';

/** What a set of lines names, once each. Ids are compared as Postgres writes them, in lower case. */
function keysOf(dtos: readonly CreateRatingDto[]): Record<ReferenceField, Set<string>> {
  const keys = {
    completionId: new Set<string>(),
    completionExternalId: new Set<string>(),
    labelerId: new Set<string>(),
    labelerExternalId: new Set<string>(),
    criterionVersionId: new Set<string>(),
  };
  for (const dto of dtos) {
    if (present(dto.completionId)) keys.completionId.add(dto.completionId);
    else keys.completionExternalId.add(dto.completionExternalId!);
    if (present(dto.labelerId)) keys.labelerId.add(dto.labelerId);
    else keys.labelerExternalId.add(dto.labelerExternalId!);
    keys.criterionVersionId.add(dto.criterionVersionId);
  }
  return keys;
}

function readLine({ line, value, error }: NdjsonLine): ReadLine {
  const read = error ? { errors: [error] } : readRatingLine(value);
  if (read.errors) return { line, failed: failedLine(line, codeOf(read.errors), read.errors) };
  return { line, dto: read.value };
}

function toRow(id: string, dto: CreateRatingDto, references: References): BulkRating {
  return {
    id,
    completionId:
      present(dto.completionId)
        ? dto.completionId
        : references.completionsByExternalId.get(dto.completionExternalId!)!,
    criterionVersionId: dto.criterionVersionId,
    labelerId:
      present(dto.labelerId) ? dto.labelerId : references.labelersByExternalId.get(dto.labelerExternalId!)!,
    ...scoresOf(dto, references.versions),
    position: dto.position ?? null,
    timeSpentMs: dto.timeSpentMs ?? null,
    rationale: dto.rationale ?? null,
    flags: dto.flags ?? [],
    labelingTaskId: null,
    supersedesId: null,
    externalId: dto.externalId ?? null,
  };
}

const content = ['completionId', 'criterionVersionId', 'labelerId', 'score', 'position', 'timeSpentMs', 'rationale'] as const;

export function sameContent(stored: Rating, row: Pick<BulkRating, (typeof content)[number] | 'dimensionScores' | 'flags'>): boolean {
  const sameDetails = canonicalJson([stored.dimensionScores, stored.flags]) === canonicalJson([row.dimensionScores, row.flags]);
  return stored.supersedesId === null && sameDetails && content.every((name) => stored[name] === row[name]);
}

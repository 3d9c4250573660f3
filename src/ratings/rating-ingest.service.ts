// Bulk ratings: read by lines, written by chunks, answered line by line. While Postgres writes one chunk the
// next one is read and checked; the body is never held.
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { codeOf, failedLine } from '#src/common/bulk-lines.js';
import { bulkResult, type BulkItemResult, type BulkResult } from '#src/common/bulk.js';
import { canonicalJson } from '#src/common/hash.js';
import { newId } from '#src/common/id.js';
import { chunked, readNdjson, type NdjsonLine } from '#src/common/ndjson.js';
import { shorten, type ProblemDetail } from '#src/common/problem.js';
import { BulkRatingsRepository, type BulkRating } from './bulk-ratings.repository.js';
import { PublishedVersions } from './published-versions.js';
import { present, readRatingLine } from './rating-line.js';
import { refusal, scoresOf, type References } from './rating-references.js';
import type { Rating } from './rating.entity.js';
import type { CreateRatingDto } from './ratings.dto.js';

const chunkLines = 2000;
const maxLineCharacters = 64 * 1024;

type ReadLine = { line: number; dto: CreateRatingDto } | { line: number; failed: BulkItemResult };

@Injectable()
export class RatingIngestService {
  constructor(
    private readonly ratings: BulkRatingsRepository,
    private readonly versions: PublishedVersions,
  ) {}

  /** Good lines land chunk by chunk, each chunk whole; every other line says why it did not. */
  async ingest(auth: AuthContext, body: Readable): Promise<BulkResult> {
    const items: BulkItemResult[] = [];
    let writing: Promise<BulkItemResult[]> = Promise.resolve([]);
    try {
      for await (const chunk of chunked(readNdjson(body, maxLineCharacters), chunkLines)) {
        const read = chunk.map(readLine);
        for (const item of await writing) items.push(item);
        writing = this.write(auth, read);
        // Its failure is thrown where it is awaited, which may be after the next chunk was read.
        writing.catch(() => undefined);
      }
    } finally {
      // A body that breaks off must not leave a chunk behind that is written after the answer.
      await writing.catch(() => undefined);
    }
    for (const item of await writing) items.push(item);
    return bulkResult(items);
  }

  private async write(auth: AuthContext, lines: ReadLine[]): Promise<BulkItemResult[]> {
    const references = await this.resolve(auth, lines.flatMap((line) => ('dto' in line ? [line.dto] : [])));
    const results: BulkItemResult[] = [];
    const rows: BulkRating[] = [];
    const resultOf: number[] = [];
    for (const line of lines) {
      const mistake = 'dto' in line ? refusal(line.dto, references) : undefined;
      if ('failed' in line) results.push(line.failed);
      else if (mistake) results.push(failedLine(line.line, mistake.code, [mistake.detail]));
      else {
        const row = toRow(line.dto, references);
        rows.push(row);
        resultOf.push(results.length);
        results.push({ line: line.line, status: 'created', id: row.id });
      }
    }
    const inserted = rows.length === 0 ? 0 : await this.ratings.insertNew(rows, auth.vendorId);
    if (inserted < rows.length) await this.explainTaken(auth, rows, resultOf, results);
    return results;
  }

  private async resolve(auth: AuthContext, dtos: CreateRatingDto[]): Promise<References> {
    const distinct = (name: ReferenceField) => [...new Set(dtos.flatMap((dto) => keyOf(dto, name)))];
    const [completions, completionsByExternalId, labelers, labelersByExternalId, versions] = await Promise.all([
      this.ratings.completionIds(distinct('completionId'), 'id', auth.vendorId),
      this.ratings.completionIds(distinct('completionExternalId'), 'externalId', auth.vendorId),
      this.ratings.labelerIds(distinct('labelerId'), 'id', auth.vendorId),
      this.ratings.labelerIds(distinct('labelerExternalId'), 'externalId', auth.vendorId),
      this.versions.get(dtos.map((dto) => dto.criterionVersionId.toLowerCase()), auth.vendorId),
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

type ReferenceField = 'completionId' | 'completionExternalId' | 'labelerId' | 'labelerExternalId';

/** Ids are compared as Postgres writes them, in lower case. */
function keyOf(dto: CreateRatingDto, name: ReferenceField): string[] {
  const key = dto[name];
  if (!present(key)) return [];
  return [name === 'completionId' || name === 'labelerId' ? key.toLowerCase() : key];
}

function readLine({ line, value, error }: NdjsonLine): ReadLine {
  const read = error ? { errors: [{ pointer: '', ...error }] } : readRatingLine(value);
  if (read.errors) return { line, failed: failedLine(line, codeOf(read.errors), read.errors) };
  return { line, dto: read.value };
}

function toRow(dto: CreateRatingDto, references: References): BulkRating {
  return {
    id: newId(),
    completionId:
      present(dto.completionId)
        ? dto.completionId.toLowerCase()
        : references.completionsByExternalId.get(dto.completionExternalId!)!,
    criterionVersionId: dto.criterionVersionId.toLowerCase(),
    labelerId:
      present(dto.labelerId) ? dto.labelerId.toLowerCase() : references.labelersByExternalId.get(dto.labelerExternalId!)!,
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

function sameContent(stored: Rating, row: BulkRating): boolean {
  const sameDetails = canonicalJson([stored.dimensionScores, stored.flags]) === canonicalJson([row.dimensionScores, row.flags]);
  return stored.supersedesId === null && sameDetails && content.every((name) => stored[name] === row[name]);
}

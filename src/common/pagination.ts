import { Type as Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import { ProblemException, shorten } from './problem.js';

/** Query parameters of every collection. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 500, default: 50, description: 'maximum number of items' })
  @IsOptional()
  @Transform(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  @ApiPropertyOptional({ description: '`nextCursor` of the previous page' })
  @IsOptional()
  @IsString()
  cursor?: string;
}

export interface Page<T> {
  data: T[];
  nextCursor: string | null;
  hasMore: boolean;
}

/** The DTO class of a page of `item`, named `<Item>Page` in the OpenAPI document. */
export function PageOf<T>(item: Type<T>): Type<Page<T>> {
  class PageDto implements Page<T> {
    @ApiProperty({ type: [item] })
    data: T[];

    @ApiProperty({ type: String, nullable: true, description: 'pass as `cursor` to get the next page; null: last page' })
    nextCursor: string | null;

    @ApiProperty({ type: Boolean })
    hasMore: boolean;
  }
  Object.defineProperty(PageDto, 'name', { value: `${item.name.replace(/(Dto|Entity)$/, '')}Page` });
  return PageDto;
}

const defaultPageSize = 50;

/** Input of a repository: it fetches `limit + 1` rows with a key beyond `after`, then calls `toPage`. */
export interface PageRequest {
  limit: number;
  /** Key (an id, or an ordinal as text) of the last row of the page before. */
  after: string | null;
}

/** @param key what the collection's rows are ordered by; a cursor of another kind is refused */
export function pageRequest(query: PageQuery, key: CursorKey = 'id'): PageRequest {
  return { limit: query.limit ?? defaultPageSize, after: query.cursor ? decodeCursor(query.cursor, key) : null };
}

/** @param rows up to `limit + 1` rows; the extra one only shows that there is another page. */
export function toPage<T>(rows: T[], request: PageRequest, keyOf: (row: T) => string | number): Page<T> {
  const data = rows.slice(0, request.limit);
  const hasMore = rows.length > request.limit;
  return { data, hasMore, nextCursor: hasMore ? encodeCursor(String(keyOf(data[data.length - 1]))) : null };
}

function encodeCursor(key: string): string {
  return Buffer.from(`1:${key}`).toString('base64url');
}

/** UUIDs, positions that fit an integer column, or ids that fit a bigint column. */
export type CursorKey = 'id' | 'ordinal' | 'serial';

// Anything else would reach the database as a type error.
const cursorKeys: Record<CursorKey, RegExp> = {
  id: /^1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  ordinal: /^1:\d{1,9}$/,
  serial: /^1:\d{1,18}$/,
};

function decodeCursor(cursor: string, key: CursorKey): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!cursorKeys[key].test(text)) throw invalidCursor(cursor);
  return text.slice(2);
}

export function invalidCursor(cursor: string): ProblemException {
  const message = 'cursor must be the nextCursor of a page of the same list with the same filters';
  return new ProblemException({
    status: 400,
    code: 'invalid_cursor',
    title: 'Invalid cursor',
    detail: message,
    errors: [{ pointer: '/cursor', rule: 'cursor', message, value: shorten(cursor) }],
  });
}

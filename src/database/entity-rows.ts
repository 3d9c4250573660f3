// Rows of an entity written by sets. Which columns there are, in what order and of what type, is read off the entity, so that a new
// column needs to be told nowhere else.
import type { PoolClient } from 'pg';
import { from } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Repository } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** A row as it is inserted: when it was created, the database says. */
export type NewRow<T> = Omit<T, 'createdAt'>;

type Text = string | number | null;

export interface RowColumn {
  property: string;
  name: string;
  /** `uuid`, `text[]`. */
  type: string;
  /** The value as COPY and casts from text take it. */
  text: (value: unknown) => Text;
  /** Its texts need neither escapes in COPY nor quotes in an array literal. */
  plain: boolean;
}

export class EntityRows<T extends object> {
  /** Names of the columns: `id, completion_id, ...`. */
  readonly columns: string;
  private readonly all: RowColumn[];

  constructor(private readonly rows: Repository<T>) {
    this.all = rows.metadata.columns.filter((column) => !column.isCreateDate).map(rowColumn);
    this.columns = this.all.map(({ name }) => name).join(', ');
  }

  /** Inserts by COPY, the fastest way in: all rows or none, and no word about which row broke what. */
  async copy(rows: readonly NewRow<T>[]): Promise<void> {
    const runner = this.rows.manager.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      const text = Buffer.from(copyText(this.all, rows));
      await pipeline(Readable.from([text]), client.query(from(`COPY ${this.rows.metadata.tableName} (${this.columns}) FROM STDIN`)));
    } finally {
      await runner.release();
    }
  }

  /** SQL: the rows of `arrays`, whose parameters begin with this one. */
  unnest(first = 1): string {
    const arrays = this.all.map(({ type }, i) => `$${first + i}::${type.endsWith('[]') || type === 'jsonb' ? 'text' : type}[]`);
    const columns = this.all.map(({ name, type }) => (type.endsWith('[]') || type === 'jsonb' ? `${name}::${type}` : name));
    return `SELECT ${columns.join(', ')} FROM unnest(${arrays.join(', ')}) AS given (${this.columns})`;
  }

  /** A parameter per column: the values of all rows. */
  arrays(rows: readonly NewRow<T>[]): unknown[] {
    return this.all.map(({ property, text, plain }) => {
      const values = rows.map((row) => text(row[property as keyof NewRow<T>]));
      // Several times faster than the driver's own.
      return plain ? `{${values.map((value) => value ?? 'NULL').join(',')}}` : values;
    });
  }

  /** SQL and its values for the columns of one row; those of `from` are expressions instead. */
  one(row: NewRow<T>, from: Readonly<Partial<Record<keyof T, string>>>): { select: string; values: unknown[] } {
    const values: unknown[] = [];
    const places = this.all.map(({ property, type, text }) => {
      const expression = from[property as keyof T];
      if (expression !== undefined) return expression;
      values.push(text(row[property as keyof NewRow<T>]));
      return `$${values.length}::${type}`;
    });
    return { select: places.join(', '), values };
  }
}

export function rowColumn(column: Pick<ColumnMetadata, 'propertyName' | 'databaseName' | 'type' | 'isArray'>): RowColumn {
  const type = `${String(column.type)}${column.isArray ? '[]' : ''}`;
  const plain = ['uuid', 'integer', 'double precision'].includes(type);
  return { property: column.propertyName, name: column.databaseName, type, plain, text: column.isArray ? listText : type === 'jsonb' ? jsonText : asItIs };
}

const asItIs = (value: unknown): Text => value as Text;
const jsonText = (value: unknown): Text => (value === null ? null : JSON.stringify(value));
const listText = (value: unknown): Text =>
  value === null ? null : `{${(value as string[]).map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

const special = /[\\\n\r\t]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text form of COPY: a row per line, fields between tabs. Texts must be without NUL, as all of Postgres wants it. */
export function copyText(columns: readonly RowColumn[], rows: readonly object[]): string {
  let copied = '';
  for (const row of rows) {
    for (let i = 0; i < columns.length; i++) {
      const { property, text, plain } = columns[i];
      const value = text((row as Record<string, unknown>)[property]);
      if (i > 0) copied += '\t';
      if (value === null) copied += '\\N';
      else copied += plain ? value : String(value).replace(special, (character) => escapes[character]);
    }
    copied += '\n';
  }
  return copied;
}

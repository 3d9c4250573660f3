// Rows of an entity written by sets. Which columns there are, in what order and of what type, is read off the entity, so that a new
// column needs to be told nowhere else.
import type { Repository } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { copyLine } from './copy-text.js';
import { copyRows } from './copy-rows.js';

/** A row as it is inserted: when it was created, the database says. */
export type NewRow<T> = Omit<T, 'createdAt'>;

type Text = string | number | null;

interface RowColumn {
  property: string;
  name: string;
  /** `uuid`, `text[]`. */
  type: string;
  /** The value as COPY and casts from text take it. */
  text(value: unknown): Text;
  /** Its texts need no quotes in an array literal. */
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

  /** Inserts by COPY, the fastest way in: all or none. */
  async copy(rows: readonly NewRow<T>[]): Promise<void> {
    let text = '';
    const fields: Text[] = this.all.map(() => null);
    for (const row of rows) {
      for (let i = 0; i < fields.length; i++) fields[i] = this.all[i].text(row[this.all[i].property as keyof NewRow<T>]);
      text += copyLine(fields);
    }
    await copyRows(this.rows.manager.dataSource, `${this.rows.metadata.tableName} (${this.columns})`, text);
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

function rowColumn(column: ColumnMetadata): RowColumn {
  const type = `${String(column.type)}${column.isArray ? '[]' : ''}`;
  const plain = ['uuid', 'integer', 'double precision'].includes(type);
  return { property: column.propertyName, name: column.databaseName, type, plain, text: column.isArray ? listText : type === 'jsonb' ? jsonText : asItIs };
}

const asItIs = (value: unknown): Text => value as Text;
const jsonText = (value: unknown): Text => (value === null ? null : JSON.stringify(value));
const listText = (value: unknown): Text =>
  value === null ? null : `{${(value as string[]).map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

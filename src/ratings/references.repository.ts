import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Labeler } from './labeler.entity.js';
import type { FoundCompletion } from './references.js';
import { leasedTo } from './vendor-view.js';

/** What judgements refer to, looked up for a whole set of them. Each map is by what the set calls it; what is not there has no entry. */
@Injectable()
export class ReferencesRepository {
  constructor(@InjectRepository(Labeler) private readonly rows: Repository<Labeler>) {}

  /** To a vendor, the completions that were leased to it are there. */
  async completions(keys: ReadonlySet<string>, by: 'id' | 'externalId', vendorId: string | null): Promise<Map<string, FoundCompletion>> {
    if (keys.size === 0) return new Map();
    const [column, type] = by === 'id' ? ['id', 'uuid'] : ['external_id', 'text'];
    const found: (FoundCompletion & { key: string })[] = await this.rows.query(
      `SELECT ${column} AS key, id, prompt_id AS "promptId" FROM completions c WHERE ${column} = ANY($1::${type}[]) AND ${leasedTo('c', 2)}`,
      [by === 'id' ? `{${[...keys].join(',')}}` : [...keys], vendorId],
    );
    return new Map(found.map((completion) => [completion.key, completion]));
  }

  /** Ids of labelers of one vendor. */
  async labelers(keys: ReadonlySet<string>, by: 'id' | 'externalId', vendorId: string | null): Promise<Map<string, string>> {
    if (keys.size === 0) return new Map();
    const [column, type] = by === 'id' ? ['id', 'uuid'] : ['external_id', 'text'];
    const found: { key: string; id: string }[] = await this.rows.query(
      `SELECT ${column} AS key, id FROM labelers l WHERE ${column} = ANY($1::${type}[]) AND ${ofVendor('l', 2)}`,
      [[...keys], vendorId],
    );
    return new Map(found.map(({ key, id }) => [key, id]));
  }
}

/** Callers judge through labelers of their own vendor; one without a vendor, through those that have none. */
export function ofVendor(table: string, parameter: number): string {
  return `${table}.vendor_id IS NOT DISTINCT FROM $${parameter}::uuid`;
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { Prompt, type NewPrompt } from './prompt.entity.js';
import { textKey } from '#src/common/text.js';

export interface PromptFilter {
  externalId?: string;
  tag?: string;
}

@Injectable()
export class PromptsRepository {
  constructor(@InjectRepository(Prompt) private readonly rows: Repository<Prompt>) {}

  /** Inserts in one statement; returns the ids of those whose external id was new. */
  async insertNew(prompts: NewPrompt[]): Promise<Set<string>> {
    const inserted: { id: string }[] = await this.rows.query(
      `INSERT INTO prompts (id, text, text_key, conversation, external_id, tags, metadata)
       SELECT id, text, "textKey", conversation, "externalId", tags, metadata
       FROM jsonb_to_recordset($1) AS given (id uuid, text text, "textKey" text, conversation jsonb, "externalId" text, tags text[], metadata jsonb)
       ON CONFLICT (external_id) DO NOTHING RETURNING id`,
      [JSON.stringify(prompts.map((prompt) => ({ ...prompt, textKey: textKey(prompt.text) })))],
    );
    return new Set(inserted.map((row) => row.id));
  }

  find(id: string): Promise<Prompt | null> {
    return this.rows.findOneBy({ id });
  }

  findMany(ids: string[]): Promise<Prompt[]> {
    return this.rows.findBy({ id: In(ids) });
  }

  byExternalIds(externalIds: string[]): Promise<Prompt[]> {
    return this.rows.createQueryBuilder('p').where('p.external_id = ANY(:externalIds)', { externalIds }).getMany();
  }

  /** Id of each existing prompt, by id or by external id. */
  async resolve(keys: string[], by: 'id' | 'externalId'): Promise<Map<string, string>> {
    const column = by === 'id' ? 'id' : 'external_id';
    const found: { key: string; id: string }[] = await this.rows.query(
      `SELECT ${column}::text AS key, id FROM prompts WHERE ${column} = ANY($1::${by === 'id' ? 'uuid' : 'text'}[])`,
      [keys],
    );
    return new Map(found.map(({ key, id }) => [key, id]));
  }

  page(filter: PromptFilter, request: PageRequest): Promise<Prompt[]> {
    const query = this.rows.createQueryBuilder('p').orderBy('p.id').limit(request.limit + 1);
    if (request.after) query.andWhere('p.id > :after', { after: request.after });
    if (filter.externalId !== undefined) query.andWhere('p.external_id = :externalId', filter);
    if (filter.tag !== undefined) query.andWhere(':tag = ANY(p.tags)', filter);
    return query.getMany();
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { PromptSet, type Prompt } from './prompt.entity.js';

export type PromptOfSet = Prompt & { position: number };

const promptColumns = `p.id, p.text, p.conversation, p.external_id AS "externalId", p.tags, p.metadata, p.created_at AS "createdAt"`;

@Injectable()
export class PromptSetsRepository {
  constructor(@InjectRepository(PromptSet) private readonly rows: Repository<PromptSet>) {}

  /** @param promptIds in order of position */
  async insert(tx: Transaction, set: Omit<PromptSet, 'createdAt'>, promptIds: string[]): Promise<PromptSet> {
    await tx.insert(PromptSet, set);
    await tx.query(
      `INSERT INTO prompt_set_members (prompt_set_id, position, prompt_id)
       SELECT $1, position - 1, id FROM unnest($2::uuid[]) WITH ORDINALITY AS given (id, position)`,
      [set.id, promptIds],
    );
    return tx.findOneByOrFail(PromptSet, { id: set.id });
  }

  find(id: string): Promise<PromptSet | null> {
    return this.rows.findOneBy({ id });
  }

  page(request: PageRequest): Promise<PromptSet[]> {
    const query = this.rows.createQueryBuilder('s').orderBy('s.id').limit(request.limit + 1);
    if (request.after) query.where('s.id > :after', { after: request.after });
    return query.getMany();
  }

  /** Members with a position greater than `request.after`, one more than requested. */
  members(setId: string, request: PageRequest): Promise<PromptOfSet[]> {
    return this.rows.query(
      `SELECT ${promptColumns}, m.position FROM prompt_set_members m JOIN prompts p ON p.id = m.prompt_id
       WHERE m.prompt_set_id = $1 AND m.position > $2 ORDER BY m.position LIMIT $3`,
      [setId, Number(request.after ?? -1), request.limit + 1],
    );
  }

  /** Every member in order of position. */
  allMembers(setId: string): Promise<PromptOfSet[]> {
    return this.rows.query(
      `SELECT ${promptColumns}, m.position FROM prompt_set_members m JOIN prompts p ON p.id = m.prompt_id
       WHERE m.prompt_set_id = $1 ORDER BY m.position`,
      [setId],
    );
  }

  /**
   * Held-out prompts whose text is also practised on, however they are written (text-key.ts) and whatever their ids:
   * how many, and the first of them.
   */
  async overlap(promptSetId: string, heldOutPromptSetId: string): Promise<{ count: number; example: string | null }> {
    const [row]: { count: number; example: string | null }[] = await this.rows.query(
      `WITH practice AS (
         SELECT DISTINCT p.text_key
         FROM prompt_set_members m JOIN prompts p ON p.id = m.prompt_id WHERE m.prompt_set_id = $1),
       held_out AS (
         SELECT p.text, p.text_key, m.position
         FROM prompt_set_members m JOIN prompts p ON p.id = m.prompt_id WHERE m.prompt_set_id = $2)
       SELECT count(*)::int AS count, (array_agg(h.text ORDER BY h.position))[1] AS example
       FROM held_out h JOIN practice USING (text_key)`,
      [promptSetId, heldOutPromptSetId],
    );
    return row;
  }
}

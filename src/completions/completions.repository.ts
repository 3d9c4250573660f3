import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { Completion, type NewCompletion } from './completion.entity.js';

export interface CompletionFilter {
  promptId?: string;
  policyVersionId?: string;
  batchId?: string;
}

@Injectable()
export class CompletionsRepository {
  constructor(@InjectRepository(Completion) private readonly rows: Repository<Completion>) {}

  /** Inserts in one statement what is not there yet, by external id or by place in its batch; ids of the new ones. */
  async insertNew(completions: NewCompletion[], tx?: Transaction): Promise<Set<string>> {
    const inserted: { id: string }[] = await (tx ?? this.rows).query(
      `INSERT INTO completions (id, prompt_id, text, reasoning, tool_calls, refusal, policy_version_id, batch_id, sample_index, source, external_id,
         finish_reason, prompt_tokens, completion_tokens, seed)
       SELECT id, "promptId", text, reasoning, "toolCalls", refusal, "policyVersionId", "batchId", "sampleIndex", source, "externalId",
         "finishReason", "promptTokens", "completionTokens", seed
       FROM jsonb_to_recordset($1) AS given (id uuid, "promptId" uuid, text text, reasoning text, "toolCalls" jsonb, refusal boolean, "policyVersionId" uuid, "batchId" uuid,
         "sampleIndex" integer, source text, "externalId" text, "finishReason" text, "promptTokens" integer,
         "completionTokens" integer, seed bigint)
       ON CONFLICT DO NOTHING RETURNING id`,
      [JSON.stringify(completions)],
    );
    return new Set(inserted.map((row) => row.id));
  }

  find(id: string): Promise<Completion | null> {
    return this.rows.findOneBy({ id });
  }

  findMany(ids: string[]): Promise<Completion[]> {
    return this.rows.findBy({ id: In(ids) });
  }

  byExternalIds(externalIds: string[]): Promise<Completion[]> {
    return this.rows.createQueryBuilder('c').where('c.external_id = ANY(:externalIds)', { externalIds }).getMany();
  }

  page(filter: CompletionFilter, request: PageRequest): Promise<Completion[]> {
    const query = this.rows.createQueryBuilder('c').orderBy('c.id').limit(request.limit + 1);
    if (request.after) query.andWhere('c.id > :after', { after: request.after });
    if (filter.promptId !== undefined) query.andWhere('c.prompt_id = :promptId', filter);
    if (filter.policyVersionId !== undefined) query.andWhere('c.policy_version_id = :policyVersionId', filter);
    if (filter.batchId !== undefined) query.andWhere('c.batch_id = :batchId', filter);
    return query.getMany();
  }

  /** How many completions each prompt of a batch has; prompts without any are missing. */
  async countsByPrompt(batchId: string): Promise<Map<string, number>> {
    const counts: { promptId: string; count: number }[] = await this.rows.query(
      'SELECT prompt_id AS "promptId", count(*)::integer AS count FROM completions WHERE batch_id = $1 GROUP BY prompt_id',
      [batchId],
    );
    return new Map(counts.map(({ promptId, count }) => [promptId, count]));
  }
}

// Step 1, second half: answers to prompts. Most are written by policy versions of ours in batches; those that
// were recorded elsewhere come in bulk under their posters' own ids.
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { failedLine, landLines, type BulkLine } from '#src/common/bulk-lines.js';
import type { BulkItemResult, BulkResult } from '#src/common/bulk.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { notFound, shorten, type ProblemDetail } from '#src/common/problem.js';
import type { Transaction } from '#src/database/database.js';
import { PromptsService } from '#src/prompts/prompts.service.js';
import type { Completion, NewCompletion } from './completion.entity.js';
import { RecordedCompletionDto, type CompletionQuery } from './completions.dto.js';
import { CompletionsRepository } from './completions.repository.js';
import type { WrittenCompletion } from './completion-source.js';

@Injectable()
export class CompletionsService {
  constructor(
    private readonly completions: CompletionsRepository,
    private readonly prompts: PromptsService,
  ) {}

  /** One result per line; an already stored line with the same content is a duplicate, not an error. */
  record(body: Readable): Promise<BulkResult> {
    return landLines(body, RecordedCompletionDto, (lines) => this.land(lines));
  }

  /**
   * Keeps what a policy version wrote; ids in the order given.
   *
   * @param batchId null for completions outside a batch, such as those of a comparison
   * @returns rows inserted; in a batch, existing rows are unchanged and not returned
   */
  async keepGenerated(
    tx: Transaction,
    policyVersionId: string,
    batchId: string | null,
    generated: readonly WrittenCompletion[],
  ): Promise<NewCompletion[]> {
    const rows = generated.map((completion) => generatedRow(completion, policyVersionId, batchId));
    const inserted = await this.completions.insertNew(rows, tx);
    return rows.filter((row) => inserted.has(row.id));
  }

  async get(id: string): Promise<Completion> {
    const completion = await this.completions.find(id);
    if (!completion) throw notFound('completion', id);
    return completion;
  }

  /** In any order; ids that do not exist are missing. */
  getMany(ids: string[]): Promise<Completion[]> {
    return this.completions.findMany(ids);
  }

  async list(query: CompletionQuery): Promise<Page<Completion>> {
    const request = pageRequest(query);
    return toPage(await this.completions.page(query, request), request, (completion) => completion.id);
  }

  private async land(lines: BulkLine<RecordedCompletionDto>[]): Promise<BulkItemResult[]> {
    const values = lines.map(({ value }) => value);
    const byId = await this.prompts.resolve(present(values.map((value) => value.promptId)), 'id');
    const byExternalId = await this.prompts.resolve(present(values.map((value) => value.promptExternalId)), 'externalId');
    const promptOf = ({ promptId, promptExternalId }: RecordedCompletionDto) =>
      promptId ? byId.get(promptId) : byExternalId.get(promptExternalId!);
    const given = lines.map(({ line, value }) => {
      const promptId = promptOf(value);
      const mistake = promptMistake(value, promptId);
      return mistake ? { line, mistake } : { line, row: recordedRow(value, promptId!) };
    });
    const rows = given.flatMap(({ row }) => row ?? []);
    const inserted = await this.completions.insertNew(rows);
    const rest = rows.filter((row) => !inserted.has(row.id));
    const stored = new Map((await this.completions.byExternalIds(rest.map((r) => r.externalId!))).map((c) => [c.externalId, c]));
    return given.map(({ line, row, mistake }) => {
      if (!row) return failedLine(line, mistake.code, [mistake.error]);
      if (inserted.has(row.id)) return { line, status: 'created', id: row.id };
      const first = stored.get(row.externalId);
      if (first && sameContent(first, row)) return { line, status: 'duplicate', id: first.id };
      return failedLine(line, 'external_id_conflict', [taken(row.externalId!)]);
    });
  }
}

const nothing = {
  reasoning: null,
  toolCalls: null,
  refusal: false,
  policyVersionId: null,
  batchId: null,
  sampleIndex: null,
  source: null,
  externalId: null,
  finishReason: null,
  promptTokens: null,
  completionTokens: null,
  seed: null,
};

function recordedRow(dto: RecordedCompletionDto, promptId: string): NewCompletion {
  const { externalId, text, source, finishReason, reasoning, toolCalls } = dto;
  return { ...nothing, id: newId(), promptId, text, reasoning: reasoning ?? null, toolCalls: toolCalls ?? null, externalId, source, finishReason: finishReason ?? null };
}

function generatedRow(completion: WrittenCompletion, policyVersionId: string, batchId: string | null): NewCompletion {
  const { promptId, text, reasoning = null, toolCalls = null, refusal = false, sampleIndex, finishReason, promptTokens, completionTokens, seed } = completion;
  const counts = { finishReason, promptTokens, completionTokens, seed };
  return { ...nothing, id: newId(), promptId, text, reasoning, toolCalls, refusal, policyVersionId, batchId, sampleIndex, ...counts };
}

function present(keys: (string | null | undefined)[]): string[] {
  return [...new Set(keys.filter((key) => typeof key === 'string'))];
}

function promptMistake(
  { promptId, promptExternalId }: RecordedCompletionDto,
  found: string | undefined,
): { code: string; error: ProblemDetail } | undefined {
  if (!promptId === !promptExternalId) {
    const message = 'give either promptId or promptExternalId';
    return { code: 'prompt_reference', error: { pointer: '/promptId', rule: 'oneOf', message } };
  }
  if (found) return undefined;
  const pointer = promptId ? '/promptId' : '/promptExternalId';
  const error = { pointer, rule: 'exists', message: 'no prompt has this id', value: shorten(promptId ?? promptExternalId) };
  return { code: 'unknown_prompt', error };
}

function sameContent(a: NewCompletion, b: NewCompletion): boolean {
  const fields = ['promptId', 'text', 'source', 'finishReason'] as const;
  return fields.every((field) => a[field] === b[field]);
}

function taken(externalId: string): ProblemDetail {
  const message = `another completion has the externalId '${shorten(externalId)}'`;
  return { pointer: '/externalId', rule: 'unique', message, value: shorten(externalId) };
}

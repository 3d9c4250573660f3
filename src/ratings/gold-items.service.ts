// Completions whose right score or order is known, to be mixed in among the others. The owner's business alone: no route of
// these is open to vendors, and no answer to a labeler tells them apart.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, unprocessable } from '#src/common/problem.js';
import { brokenForeignKey, brokenUnique } from '#src/database/errors.js';
import { CriteriaService } from './criteria.service.js';
import type { GoldItem } from './gold-item.entity.js';
import type { CreateGoldItemDto, GoldItemDto, GoldItemsQuery } from './gold-items.dto.js';
import { GoldItemsRepository } from './gold-items.repository.js';
import { goldMistake } from './gold-rules.js';

@Injectable()
export class GoldItemsService {
  constructor(
    private readonly items: GoldItemsRepository,
    private readonly criteria: CriteriaService,
  ) {}

  /** @throws ProblemException 422 `criterion_version_not_found`, `completion_not_found`, `gold_expectation_invalid`; 409 `gold_item_exists` */
  async create(dto: CreateGoldItemDto): Promise<GoldItemDto> {
    const version = await this.criteria.findVersion(dto.criterionVersionId);
    if (!version) {
      throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', 'no such criterion version', dto.criterionVersionId);
    }
    const expected = (dto.expected ?? []).map(({ dimension, minimum, maximum }) => ({ dimension: dimension ?? null, minimum, maximum }));
    const worseCompletionId = dto.worseCompletionId ?? null;
    const mistake = goldMistake(expected, worseCompletionId, version);
    if (mistake) throw invalid(mistake);
    if (worseCompletionId !== null) await this.checkPair(dto.completionId, worseCompletionId);
    try {
      const item = await this.items.insert({
        id: newId(),
        completionId: dto.completionId,
        worseCompletionId,
        criterionVersionId: version.id,
        expected,
        explanation: dto.explanation,
        retiredAt: null,
      });
      return { ...item, ...(await this.results(item)) };
    } catch (error) {
      if (brokenForeignKey(error)) throw unprocessable('completion_not_found', '/completionId', 'exists', 'no such completion', dto.completionId);
      if (!brokenUnique(error)) throw error;
      const other = await this.items.findActive({ completionId: dto.completionId, worseCompletionId, criterionVersionId: version.id });
      const message = `gold item ${other?.id} is of ${worseCompletionId === null ? 'this completion' : 'these completions'} and criterion version: retire it first`;
      throw conflict('gold_item_exists', message, [{ pointer: '/completionId', rule: 'unique', message, value: dto.completionId }]);
    }
  }

  async list(query: GoldItemsQuery): Promise<Page<GoldItemDto>> {
    const request = pageRequest(query);
    const page = toPage(await this.items.page(query.criterionVersionId, request), request, (item) => item.id);
    const results = await this.items.results(page.data.map(({ id }) => id));
    return { ...page, data: page.data.map((item) => ({ ...item, ...(results.get(item.id) ?? unrated) })) };
  }

  async get(id: string): Promise<GoldItemDto> {
    const item = await this.items.find(id);
    if (!item) throw notFound('gold_item', id);
    return { ...item, ...(await this.results(item)) };
  }

  async retire(id: string): Promise<GoldItemDto> {
    await this.items.retire(id);
    return this.get(id);
  }

  private async checkPair(completionId: string, worseCompletionId: string): Promise<void> {
    const prompts = await this.items.promptsOf([completionId, worseCompletionId]);
    for (const [pointer, id] of [['/completionId', completionId], ['/worseCompletionId', worseCompletionId]]) {
      if (!prompts.has(id)) throw unprocessable('completion_not_found', pointer, 'exists', 'no such completion', id);
    }
    if (completionId !== worseCompletionId && prompts.get(completionId) === prompts.get(worseCompletionId)) return;
    const message = 'it must be another completion of the same prompt';
    throw invalid({ pointer: '/worseCompletionId', rule: 'samePrompt', message, value: worseCompletionId });
  }

  private async results({ id }: GoldItem): Promise<{ ratings: number; passed: number }> {
    return (await this.items.results([id])).get(id) ?? unrated;
  }
}

const unrated = { ratings: 0, passed: 0 };

function invalid(mistake: NonNullable<ReturnType<typeof goldMistake>>): ProblemException {
  return new ProblemException({
    status: 422,
    code: 'gold_expectation_invalid',
    title: 'The gold item cannot be taken',
    detail: mistake.message,
    errors: [mistake],
  });
}

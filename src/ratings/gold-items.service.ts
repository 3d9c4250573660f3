// Completions whose right score or order is known, to be mixed in among the others. The owner's business alone: no route of
// these is open to vendors, and no answer to a labeler tells them apart.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, shorten, unprocessable, type ProblemDetail } from '#src/common/problem.js';
import { brokenForeignKey, brokenUnique } from '#src/database/errors.js';
import { CriteriaService } from './criteria.service.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import type { GoldExpectation, GoldItem } from './gold-item.entity.js';
import type { CreateGoldItemDto, GoldItemDto, GoldItemsQuery } from './gold-items.dto.js';
import { GoldItemsRepository } from './gold-items.repository.js';

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

/** The first mistake in what a gold item expects under a criterion version; undefined when there is none. */
export function goldMistake(
  expected: readonly GoldExpectation[],
  worseCompletionId: string | null,
  { scale, dimensions }: Pick<CriterionVersion, 'scale' | 'dimensions'>,
): ProblemDetail | undefined {
  if ((expected.length > 0) === (worseCompletionId !== null)) {
    return { pointer: '/expected', rule: 'oneOf', message: 'give expected, for ratings, or worseCompletionId, for comparisons: exactly one of them' };
  }
  const low = scale[0].value;
  const high = scale[scale.length - 1].value;
  const names = dimensions?.map(({ name }) => name) ?? [];
  for (const [i, { dimension, minimum, maximum }] of expected.entries()) {
    const detail = (field: string, rule: string, message: string, value: unknown): ProblemDetail => ({
      pointer: `/expected/${i}/${field}`,
      rule,
      message,
      value: shorten(value),
    });
    if (dimension !== null && !names.includes(dimension)) {
      return detail('dimension', 'dimension', names.length > 0 ? `the dimensions are: ${names.join(', ')}` : 'the criterion version has no dimensions', dimension);
    }
    if (expected.findIndex((other) => other.dimension === dimension) !== i) {
      return detail('dimension', 'unique', 'this dimension has an expectation already', dimension);
    }
    if (minimum > maximum) return detail('minimum', 'range', `minimum lies above maximum ${maximum}`, minimum);
    if (maximum < low) return detail('maximum', 'onScale', `the scale begins at ${low}`, maximum);
    if (minimum > high) return detail('minimum', 'onScale', `the scale ends at ${high}`, minimum);
    if (minimum <= low && maximum >= high) return detail('minimum', 'tells', 'every score of the scale would pass', minimum);
  }
  return undefined;
}

import { Injectable } from '@nestjs/common';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { ratingsNeed } from './gate.js';
import type { LoopIterationDetailDto, LoopRatingProgressDto } from './loop-iterations.dto.js';
import type { LoopIteration } from './loop-iteration.entity.js';
import { LoopRatingsRepository, type CompletionToRate, type RatedSelection } from './loop-ratings.repository.js';
import type { Loop } from './loop.entity.js';
import { LoopsRepository } from './loops.repository.js';
import { LoopsService } from './loops.service.js';

/** Resources and figures of an iteration, and what it waits for. */
@Injectable()
export class LoopIterationsService {
  constructor(
    private readonly service: LoopsService,
    private readonly loops: LoopsRepository,
    private readonly ratings: LoopRatingsRepository,
  ) {}

  async list(loopId: string, query: PageQuery): Promise<Page<LoopIteration>> {
    await this.service.find(loopId);
    const request = pageRequest(query, 'ordinal');
    return toPage(await this.loops.pageIterations(loopId, request), request, ({ number }) => number);
  }

  async get(loopId: string, number: number): Promise<LoopIterationDetailDto> {
    const loop = await this.service.find(loopId);
    const iteration = await this.find(loopId, number);
    const transitions = await this.loops.transitionsOf(loopId, number);
    return {
      ...iteration,
      transitions: transitions.map(({ from, to, outcome, createdAt }) => ({ from, to, outcome, createdAt })),
      ratingProgress: await this.progress(loop, iteration),
    };
  }

  /** @throws ProblemException 409 `loop_nothing_to_rate` before the prompts are chosen */
  async completions(loopId: string, number: number, query: PageQuery): Promise<Page<CompletionToRate>> {
    const loop = await this.service.find(loopId);
    const selection = selectionOf(loop, await this.find(loopId, number));
    if (!selection) throw conflict('loop_nothing_to_rate', `iteration ${number} has not selected completions to rate yet`);
    const request = pageRequest(query);
    return toPage(await this.ratings.completions(selection, request), request, ({ completionId }) => completionId);
  }

  private async find(loopId: string, number: number): Promise<LoopIteration> {
    const iteration = await this.loops.findIteration(loopId, number);
    if (!iteration) throw notFound('loop_iteration', String(number));
    return iteration;
  }

  private async progress(loop: Loop, iteration: LoopIteration): Promise<LoopRatingProgressDto | null> {
    const selection = selectionOf(loop, iteration);
    if (!selection) return null;
    const progress = await this.ratings.progress(selection, loop.config.ratings.perCompletion);
    return { ...progress, lacks: ratingsNeed(progress, loop.config.ratings) };
  }
}

function selectionOf({ criterionVersionId }: Loop, { completionBatchId, ratedPromptSetId }: LoopIteration): RatedSelection | null {
  return completionBatchId && ratedPromptSetId ? { completionBatchId, ratedPromptSetId, criterionVersionId } : null;
}

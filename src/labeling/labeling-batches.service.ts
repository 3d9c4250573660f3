// Batches of labeling work: made of completions under a criterion version, closed by their owner or complete by
// themselves. Other rooms (loops) use `createIn` and `closeIn` inside their own transactions.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { Coalesced } from '#src/common/coalesced.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, shorten, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { EventsService } from '#src/events/events.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { asksForOrder, batchCounts, materialProblem, showsWholePrompt } from './batch-rules.js';
import { GoldDrawRepository } from './gold-draw.repository.js';
import type { LabelingBatch } from './labeling-batch.entity.js';
import type { CreateLabelingBatchDto, LabelingBatchDetailDto, LabelingBatchDto, LabelingBatchesQuery } from './labeling-batches.dto.js';
import { LabelingBatchesRepository } from './labeling-batches.repository.js';
import { LabelingItemsRepository } from './labeling-items.repository.js';

@Injectable()
export class LabelingBatchesService {
  /** Tasks by vendor and state: all of a batch are looked at, and tools of a vendor like to ask at the same time. */
  private readonly counts = new Coalesced((id: string) => this.batches.taskCounts(id));

  constructor(
    private readonly database: Database,
    private readonly batches: LabelingBatchesRepository,
    private readonly items: LabelingItemsRepository,
    private readonly criteria: CriteriaService,
    private readonly gold: GoldDrawRepository,
    private readonly events: EventsService,
  ) {}

  async create(auth: AuthContext, dto: CreateLabelingBatchDto): Promise<LabelingBatchDetailDto> {
    const batch = await this.database.transaction((tx) => this.createIn(tx, dto));
    return this.get(auth, batch.id);
  }

  /**
   * @throws ProblemException 422 `labeling_selection_missing`, `pairs_per_prompt_without_pairs`,
   *   `criterion_version_not_found`, `completion_not_found`, `vendor_not_found`, `labeling_batch_empty`,
   *   `too_many_completions_per_task`, `too_many_tasks`, `gold_items_missing`; 409 `criterion_version_not_published`
   */
  async createIn(tx: Transaction, dto: CreateLabelingBatchDto): Promise<LabelingBatch> {
    const batch = newBatch(dto);
    await this.check(tx, batch);
    const material = await this.items.material(tx, batch.selection);
    const problem = materialProblem(batch.mode, batch.overlap, material);
    if (problem) throw problem;
    await this.batches.insert(tx, batch);
    const work = await this.items.insertItems(tx, batch);
    const gold = batch.goldShare === null ? 0 : await this.mixGold(tx, batch, work, batch.goldShare);
    await this.batches.setItemCount(tx, batch.id, work + gold);
    await this.items.insertTasks(tx, batch.id, batch.overlap);
    const created = await this.batches.findIn(tx, batch.id);
    await this.tell(tx, 'labeling_batch.created', created);
    return created;
  }

  /** As many gold items as make up the share of all, or as many as there are. */
  private async mixGold(
    tx: Transaction,
    batch: Pick<LabelingBatch, 'id' | 'mode' | 'criterionVersionId' | 'seed' | 'vendorIds'>,
    work: number,
    share: number,
  ): Promise<number> {
    const wanted = Math.max(1, Math.round((work * share) / (1 - share)));
    const drawn = await this.gold.draw(tx, batch, wanted);
    if (drawn.length === 0) {
      const kind = asksForOrder(batch.mode) ? 'of two completions' : 'with scores';
      const beside = showsWholePrompt(batch.mode) ? 'prompts' : 'completions';
      const message = `the criterion version has no gold item ${kind} beside the chosen ${beside}: create some, or leave goldShare out`;
      throw unprocessable('gold_items_missing', '/goldShare', 'exists', message, share);
    }
    const items = drawn.map((item) => ({ id: newId(), kind: 'gold' as const, ...item }));
    await this.items.addItems(tx, { id: batch.id, itemCount: work }, items);
    return items.length;
  }

  async list(auth: AuthContext, query: LabelingBatchesQuery): Promise<Page<LabelingBatchDto>> {
    const request = pageRequest(query);
    const page = toPage(await this.batches.page(auth.vendorId, request, query.state), request, (batch) => batch.id);
    return { ...page, data: page.data.map((batch) => seenBy(auth, batch)) };
  }

  async get(auth: AuthContext, id: string): Promise<LabelingBatchDetailDto> {
    const batch = await this.find(auth, id);
    return { ...seenBy(auth, batch), ...batchCounts(await this.counts.get(id), auth.vendorId) };
  }

  /** @throws ProblemException 404, also for a vendor that the batch is not for */
  async find(auth: Pick<AuthContext, 'vendorId'>, id: string): Promise<LabelingBatch> {
    const batch = await this.batches.find(auth.vendorId, id);
    if (!batch) throw notFound('labeling_batch', id);
    return batch;
  }

  /** What is leased is withdrawn; what was submitted stays. A batch that is over already is left as it is. */
  async close(auth: AuthContext, id: string): Promise<LabelingBatchDetailDto> {
    await this.find(auth, id);
    await this.database.transaction((tx) => this.closeIn(tx, id));
    return this.get(auth, id);
  }

  /** False when the batch was over already. */
  async closeIn(tx: Transaction, id: string): Promise<boolean> {
    return this.tell(tx, 'labeling_batch.closed', await this.batches.close(tx, id));
  }

  /** False when something is left to do, or the batch was over already. */
  completeIfDone(id: string): Promise<boolean> {
    return this.database.transaction(async (tx) => this.tell(tx, 'labeling_batch.completed', await this.batches.complete(tx, id)));
  }

  private async tell(tx: Transaction, type: `labeling_batch.${'created' | 'completed' | 'closed'}`, batch: LabelingBatch | null): Promise<boolean> {
    if (!batch) return false;
    await this.events.emit(tx, { type, data: { labelingBatchId: batch.id }, vendorIds: batch.vendorIds });
    return true;
  }

  private async check(tx: Transaction, batch: Omit<LabelingBatch, 'createdAt'>): Promise<void> {
    const { completionIds, completionBatchId, promptSetId, pairsPerPrompt } = batch.selection;
    if (!completionIds && !completionBatchId && !promptSetId) {
      const message = 'give completionIds, completionBatchId or promptSetId';
      throw unprocessable('labeling_selection_missing', '/completionBatchId', 'anyOf', message);
    }
    if (pairsPerPrompt !== null && batch.mode !== 'compare') {
      throw unprocessable('pairs_per_prompt_without_pairs', '/pairsPerPrompt', 'mode', `mode ${batch.mode} has no pairs`, pairsPerPrompt);
    }
    const version = await this.criteria.findVersion(batch.criterionVersionId);
    if (!version) {
      throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', 'no such criterion version', batch.criterionVersionId);
    }
    if (version.state !== 'published' && batch.purpose !== 'pilot') {
      const message = `criterion version ${version.id} is a draft: publish it first, or make the batch a pilot`;
      throw conflict('criterion_version_not_published', message, [
        { pointer: '/criterionVersionId', rule: 'published', message, value: version.id },
      ]);
    }
    const [completion] = completionIds ? await this.items.unknownCompletions(tx, completionIds) : [];
    if (completion) {
      const pointer = `/completionIds/${completionIds!.indexOf(completion)}`;
      throw unprocessable('completion_not_found', pointer, 'exists', 'no such completion', shorten(completion));
    }
    const [vendor] = await this.batches.unknownVendors(tx, batch.vendorIds);
    if (vendor) {
      const pointer = `/vendorIds/${batch.vendorIds.indexOf(vendor)}`;
      throw unprocessable('vendor_not_found', pointer, 'exists', 'no such vendor', vendor);
    }
  }
}

function newBatch(dto: CreateLabelingBatchDto): Omit<LabelingBatch, 'createdAt' | 'completedAt' | 'closedAt'> & { completedAt: null; closedAt: null } {
  return {
    id: newId(),
    name: dto.name,
    purpose: dto.purpose ?? 'production',
    mode: dto.mode,
    criterionVersionId: dto.criterionVersionId,
    selection: {
      completionIds: dto.completionIds ?? null,
      completionBatchId: dto.completionBatchId ?? null,
      promptSetId: dto.promptSetId ?? null,
      pairsPerPrompt: dto.pairsPerPrompt ?? null,
    },
    overlap: dto.overlap ?? 1,
    vendorIds: dto.vendorIds ?? [],
    seed: dto.seed ?? 0,
    goldShare: dto.goldShare ?? null,
    dueAt: dto.dueAt ?? null,
    priceNote: dto.priceNote ?? null,
    state: 'open',
    itemCount: 0,
    completedAt: null,
    closedAt: null,
  };
}

/** A vendor sees neither where the completions come from nor who else works on them. */
function seenBy({ vendorId }: AuthContext, batch: LabelingBatch): LabelingBatchDto {
  return vendorId === null ? batch : { ...batch, selection: null, goldShare: null, vendorIds: [vendorId] };
}

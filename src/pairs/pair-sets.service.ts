// Step 3 of the loop: ratings become pairs. Asking for a pair set stores what was asked and starts the job
// that builds it; once built, it never changes.
import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { PairBuildRepository } from './pair-build.repository.js';
import { maximumPairs } from './pair-builder.js';
import type { LabelerWeight } from './labeler-weights.repository.js';
import type { PairSetDiagnostics } from './pair-diagnostics.js';
import { PairReader } from './pair-reader.js';
import type { PairSetConfig, Split } from './pair-set-config.js';
import type { PairSet } from './pair-set.entity.js';
import type { CreatePairSetDto, PairDto, PairSetPreviewDto, PairsQuery, PreviewSplitDto } from './pair-sets.dto.js';
import { PairSetsRepository, type PairRow } from './pair-sets.repository.js';

const restrictions = {
  promptSet: { code: 'prompt_set_not_found', pointer: '/promptSetId' },
  completionBatch: { code: 'completion_batch_not_found', pointer: '/completionBatchId' },
  labeler: { code: 'labeler_not_found', pointer: '/labelerIds' },
} as const;

@Injectable()
export class PairSetsService {
  constructor(
    private readonly database: Database,
    private readonly jobs: JobsService,
    private readonly criteria: CriteriaService,
    private readonly sets: PairSetsRepository,
    private readonly building: PairBuildRepository,
    private readonly reader: PairReader,
  ) {}

  /** The row, and the job that fills it, together or not at all. */
  async create(auth: AuthContext, dto: CreatePairSetDto): Promise<PairSet & { jobId: string }> {
    const config = await this.check(dto);
    const id = newId();
    return this.database.transaction(async (tx) => {
      const job = await this.jobs.enqueue(tx, {
        type: 'pair-set.build',
        payload: { pairSetId: id },
        resultRef: { type: 'pair_set', id },
        auth,
      });
      const { criterionVersionId } = dto;
      return { ...(await this.sets.insert(tx, { id, jobId: job.id, criterionVersionId, config })), jobId: job.id };
    });
  }

  async preview(dto: CreatePairSetDto): Promise<PairSetPreviewDto> {
    const config = await this.check(dto);
    if (config.aggregation === 'reliability-weighted') {
      const message = 'the weights are estimated when the set is built: preview it with another aggregation, or build it';
      throw unprocessable('preview_unavailable', '/aggregation', 'previewed', message, config.aggregation);
    }
    const { possible, splits } = await this.database.transaction(async (tx) => {
      await this.building.planForSets(tx);
      return this.building.preview(tx, dto.criterionVersionId, config, maximumPairs);
    });
    if (!splits) {
      const message = `${possible.possiblePairs} pairs are possible, the most is ${maximumPairs}: restrict the prompts`;
      throw unprocessable('too_many_pairs', '', 'maximumPairs', message);
    }
    const { ties, ...counts } = possible;
    const of = (split: Split): PreviewSplitDto => {
      const { pairs, ties: kept, prompts } = splits.find((found) => found.split === split) ?? { pairs: 0, ties: 0, prompts: 0 };
      return { pairs, ties: kept, prompts };
    };
    const both = { train: of('train'), eval: of('eval') };
    return { ...counts, tiesFound: ties, pairs: both.train.pairs + both.eval.pairs, splits: both };
  }

  async list(query: PageQuery): Promise<Page<PairSet>> {
    const request = pageRequest(query);
    return toPage(await this.sets.page(request), request, (set) => set.id);
  }

  async get(id: string): Promise<PairSet> {
    const set = await this.sets.find(id);
    if (!set) throw notFound('pair_set', id);
    return set;
  }

  /** @throws ProblemException 409 `pair_set_not_ready`, `pair_set_failed` */
  async getBuilt(id: string): Promise<PairSet> {
    const set = await this.get(id);
    if (!set.builtAt) throw await this.jobs.whyNot('pair_set', id, set.jobId, 'pair_set_not_ready');
    return set;
  }

  async pairs(id: string, query: PairsQuery): Promise<Page<PairDto>> {
    await this.getBuilt(id);
    const request = pageRequest(query, 'ordinal');
    const after = request.after === null ? null : Number(request.after);
    const rows = await this.sets.pairs(id, { split: query.split }, after, request.limit + 1);
    return toPage(rows.map(toDto), request, (pair) => pair.ordinal);
  }

  async diagnostics(id: string): Promise<PairSetDiagnostics> {
    return (await this.getBuilt(id)).diagnostics!;
  }

  /** Empty unless the set is `reliability-weighted` or has `pairWeights`. */
  async labelerWeights(id: string, query: PageQuery): Promise<Page<LabelerWeight>> {
    await this.getBuilt(id);
    const request = pageRequest(query);
    return toPage(await this.sets.labelerWeights(id, request), request, ({ labelerId }) => labelerId);
  }

  async export(id: string, split?: Split): Promise<Readable> {
    await this.getBuilt(id);
    return Readable.from(this.reader.trlLines(id, { split }), { objectMode: false });
  }

  private async check(dto: CreatePairSetDto): Promise<PairSetConfig> {
    const config = toConfig(dto);
    if (config.strategy === 'all' && config.pairsPerPrompt !== null) {
      throw unprocessable('validation_failed', '/pairsPerPrompt', 'onlyForSample', `pairsPerPrompt goes with strategy 'sample'`);
    }
    const version = await this.criteria.findVersion(dto.criterionVersionId);
    if (!version) {
      const message = 'no such criterion version';
      throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', message, dto.criterionVersionId);
    }
    if (version.state !== 'published') {
      throw conflict('criterion_version_not_published', `criterion version ${version.id} is a draft: nothing is rated against it`);
    }
    const [unknown] = await this.sets.unknownRestrictions(config);
    if (unknown) {
      const { code, pointer } = restrictions[unknown.kind];
      throw unprocessable(code, pointer, 'exists', 'nothing has this id', unknown.id);
    }
    return config;
  }
}

function toConfig(dto: CreatePairSetDto): PairSetConfig {
  return {
    promptSetId: dto.promptSetId ?? null,
    completionBatchId: dto.completionBatchId ?? null,
    labelerIds: dto.labelerIds ? [...new Set(dto.labelerIds)].sort() : null,
    includePilots: dto.includePilots ?? false,
    includeGold: dto.includeGold ?? false,
    strategy: dto.strategy ?? 'all',
    pairsPerPrompt: dto.pairsPerPrompt ?? null,
    seed: dto.seed ?? 0,
    aggregation: dto.aggregation ?? 'mean',
    ...(dto.pairWeights === 'reliability' && { pairWeights: dto.pairWeights }),
    ties: dto.ties ?? 'drop',
    minimumMargin: dto.minimumMargin ?? 0,
    minimumRatings: dto.minimumRatings ?? 1,
    evalFraction: dto.evalFraction ?? 0.2,
  };
}

function toDto(row: PairRow): PairDto {
  return {
    ordinal: row.ordinal,
    promptId: row.promptId,
    split: row.split,
    tie: row.tie,
    chosen: { completionId: row.chosenCompletionId, text: row.chosen, score: row.chosenScore },
    rejected: { completionId: row.rejectedCompletionId, text: row.rejected, score: row.rejectedScore },
    labels: row.tie ? [0.5, 0.5] : [1, 0],
    weight: row.weight,
  };
}

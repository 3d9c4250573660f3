import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuthContext } from '#src/auth/auth.js';
import { failedLine, landLines, type BulkLine } from '#src/common/bulk-lines.js';
import type { BulkItemResult, BulkResult } from '#src/common/bulk.js';
import { distinct } from '#src/common/given.js';
import { newId } from '#src/common/id.js';
import { created, repeated, type Posted } from '#src/common/posted.js';
import { conflict, notFound, ProblemException } from '#src/common/problem.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { ComparisonJudgement, Comparison } from './comparison.entity.js';
import { CreateJudgementDto } from './comparisons.dto.js';
import { ComparisonsRepository } from './comparisons.repository.js';
import { JudgementDesk, type Decision } from './judgement-desk.js';
import { JudgementsRepository } from './judgements.repository.js';

/** Takes the judgements of labelers, one or many at a time, by the rules of the judgement desk. */
@Injectable()
export class JudgementsService {
  constructor(
    private readonly database: Database,
    private readonly comparisons: ComparisonsRepository,
    private readonly judgements: JudgementsRepository,
    private readonly jobs: JobsService,
  ) {}

  async create(
    auth: AuthContext,
    comparisonId: string,
    dto: CreateJudgementDto,
  ): Promise<Posted<ComparisonJudgement>> {
    const comparison = await this.open(comparisonId);
    return this.database.transaction(async (tx) => {
      const [decision] = await this.decide(tx, auth, comparison, [dto]);
      if (decision.kind === 'taken') return created(await this.judgements.find(tx, decision.id));
      if (decision.kind === 'repeated') return repeated(await this.judgements.find(tx, decision.id));
      throw refusalProblem(decision);
    });
  }

  async createMany(auth: AuthContext, comparisonId: string, body: Readable): Promise<BulkResult> {
    const comparison = await this.open(comparisonId);
    return landLines(body, CreateJudgementDto, (lines) => this.land(auth, comparison, lines));
  }

  private land(
    auth: AuthContext,
    comparison: Comparison,
    lines: BulkLine<CreateJudgementDto>[],
  ): Promise<BulkItemResult[]> {
    return this.database.transaction(async (tx) => {
      const decisions = await this.decide(
        tx,
        auth,
        comparison,
        lines.map(({ value }) => value),
      );
      return lines.map(({ line }, i) => lineResult(line, decisions[i]));
    });
  }

  /** A comparison that people may judge now. */
  private async open(comparisonId: string): Promise<Comparison> {
    const comparison = await this.comparisons.find(comparisonId);
    if (!comparison) throw notFound('comparison', comparisonId);
    if (comparison.judge.type !== 'labelers')
      throw conflict('not_for_labelers', judgedElsewhere(comparison));
    if (comparison.itemCount === 0)
      throw await this.jobs.whyNot('comparison', comparisonId, comparison.jobId, 'comparison_not_ready');
    return comparison;
  }

  private async decide(
    tx: Transaction,
    auth: AuthContext,
    { id, judge }: Comparison,
    dtos: CreateJudgementDto[],
  ): Promise<Decision[]> {
    const items = await this.judgements.lockItems(
      tx,
      id,
      distinct(dtos.map((dto) => dto.itemId)),
    );
    const given = await this.judgements.ofItems(tx, [...items]);
    const labelerIds = distinct(dtos.map((dto) => dto.labelerId));
    const externalIds = distinct(dtos.map((dto) => dto.labelerExternalId));
    const labelers = await this.judgements.labelerIds(tx, labelerIds, 'id', auth.vendorId);
    const labelersByExternalId = await this.judgements.labelerIds(
      tx,
      externalIds,
      'externalId',
      auth.vendorId,
    );
    const perItem = judge.type === 'labelers' ? judge.judgementsPerItem : 0;
    const desk = new JudgementDesk({ items, given, labelers, labelersByExternalId, perItem }, newId);
    const decisions = dtos.map((dto) => desk.decide(dto));
    await this.judgements.insert(tx, desk.accepted);
    return decisions;
  }
}

function judgedElsewhere({ judge, labelingBatchId }: Comparison): string {
  if (judge.type === 'reward-model') return 'a reward model judges this comparison';
  return `this comparison is judged through labeling batch ${labelingBatchId ?? '(not made yet)'}`;
}

function lineResult(line: number, decision: Decision): BulkItemResult {
  switch (decision.kind) {
    case 'taken':
      return { line, status: 'created', id: decision.id };
    case 'repeated':
      return { line, status: 'duplicate', id: decision.id };
    case 'refused':
      return failedLine(line, decision.code, [decision.detail]);
  }
}

function refusalProblem({ code, detail }: Extract<Decision, { kind: 'refused' }>): ProblemException {
  if (code === 'already_judged' || code === 'item_complete') return conflict(code, detail.message, [detail]);
  const title = 'The judgement was refused';
  return new ProblemException({ status: 422, code, title, detail: detail.message, errors: [detail] });
}

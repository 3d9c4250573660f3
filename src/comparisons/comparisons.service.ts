import { Injectable } from '@nestjs/common';
import { LineageService } from '#src/artifacts/lineage.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { allows } from '#src/auth/scopes.js';
import { given } from '#src/common/given.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { TrainingInputs } from '#src/training/inputs/training-inputs.js';
import { comparisonResult, type ComparisonResult } from './comparison-result.js';
import type { Comparison } from './comparison.entity.js';
import {
  samplingDefaults,
  type ComparisonDto,
  type ComparisonErrorDto,
  type ComparisonItemDto,
  type ComparisonItemsQuery,
  type ComparisonState,
  type CreateComparisonDto,
  type RevealedItemDto,
} from './comparisons.dto.js';
import { ComparisonsRepository, type ItemTexts, type Standing } from './comparisons.repository.js';

/** More would make the bootstrap block the API; no interval needs more. */
const maxPrompts = 5000;
/** The interval is over prompts: that of a single one is a point, and one win would prove a policy better. */
const minPrompts = 2;
const resultsKept = 200;

/** Blind comparisons of two policy versions; hides the sides until they may be revealed. */
@Injectable()
export class ComparisonsService {
  /** Cache by judgements: the bootstrap is recomputed only when judgements change. */
  private readonly results = new Map<string, { version: string; result: ComparisonResult }>();

  constructor(
    private readonly database: Database,
    private readonly comparisons: ComparisonsRepository,
    private readonly inputs: TrainingInputs,
    private readonly criteria: CriteriaService,
    private readonly lineage: LineageService,
    private readonly jobs: JobsService,
  ) {}

  /**
   * @throws ProblemException 422 `unknown_policy_version`, `unknown_prompt_set`, `unknown_reward_model`,
   *   `criterion_version_not_found`, `vendor_not_found`, `same_policy_version`, `prompt_set_too_small`, `prompt_set_too_large`, `proxy_without_people`; 409 `reward_model_not_trained`,
   *   `criterion_version_not_published`
   */
  async create(auth: AuthContext, dto: CreateComparisonDto): Promise<ComparisonDto> {
    await this.check(dto);
    return this.view(await this.database.transaction((tx) => this.start(tx, auth, dto)), notJudged);
  }

  private async check(dto: CreateComparisonDto): Promise<void> {
    const { baselineVersionId, candidateVersionId, promptSetId, judge } = dto;
    await this.inputs.requirePolicyVersion(baselineVersionId, '/baselineVersionId');
    await this.inputs.requirePolicyVersion(candidateVersionId, '/candidateVersionId');
    if (baselineVersionId === candidateVersionId) {
      const message = 'the two versions must be different';
      throw unprocessable(
        'same_policy_version',
        '/candidateVersionId',
        'different',
        message,
        candidateVersionId,
      );
    }
    await this.checkPrompts(promptSetId, '/promptSetId');
    await this.checkJudge(judge);
    await this.checkProxy(dto);
  }

  async get(id: string): Promise<ComparisonDto> {
    const comparison = await this.find(id);
    return this.view(comparison, (await this.comparisons.standings([id])).get(id) ?? notJudged);
  }

  async list(query: PageQuery): Promise<Page<ComparisonDto>> {
    const request = pageRequest(query);
    const page = toPage(await this.comparisons.page(request), request, (comparison) => comparison.id);
    const standings = await this.comparisons.standings(page.data.map(({ id }) => id));
    const data: ComparisonDto[] = [];
    for (const comparison of page.data)
      data.push(await this.view(comparison, standings.get(comparison.id) ?? notJudged));
    return { ...page, data };
  }

  /** @throws ProblemException 409 `comparison_not_complete`, 403 `scope_missing`, both for `reveal` only */
  async listItems(
    auth: AuthContext,
    id: string,
    query: ComparisonItemsQuery,
  ): Promise<Page<ComparisonItemDto>> {
    const { state } = await this.get(id);
    if (query.reveal) requireReveal(auth, state);
    const request = pageRequest(query, 'ordinal');
    const page = toPage(await this.comparisons.pageItems(id, request), request, (item) => item.ordinal);
    const revealed = query.reveal ? await this.reveal(id, page.data) : undefined;
    return {
      ...page,
      data: page.data.map((item) => ({
        ...blind(item),
        ...(revealed && { revealed: revealed.get(item.id) }),
      })),
    };
  }

  private async find(id: string): Promise<Comparison> {
    const comparison = await this.comparisons.find(id);
    if (!comparison) throw notFound('comparison', id);
    return comparison;
  }

  /** @throws ProblemException 422 `unknown_prompt_set`, `prompt_set_too_small`, `prompt_set_too_large` */
  async checkPrompts(promptSetId: string, pointer: string): Promise<void> {
    const { promptCount } = await this.inputs.requirePromptSet(promptSetId, pointer);
    if (promptCount < minPrompts) {
      const message = `the prompt set must have at least ${minPrompts} prompts for an interval, got ${promptCount}`;
      throw unprocessable('prompt_set_too_small', pointer, 'minPrompts', message, promptSetId);
    }
    if (promptCount <= maxPrompts) return;
    const message = `the prompt set must have at most ${maxPrompts} prompts, got ${promptCount}`;
    throw unprocessable('prompt_set_too_large', pointer, 'max', message, promptSetId);
  }

  /**
   * @throws ProblemException 422 `unknown_reward_model`, `criterion_version_not_found`, `vendor_not_found`; 409
   *   `reward_model_not_trained`, `criterion_version_not_published`
   */
  async checkJudge(judge: CreateComparisonDto['judge']): Promise<void> {
    if (judge.type === 'reward-model') {
      await this.inputs.requireTrainedRewardModel(judge.rewardModelId, '/judge/rewardModelId');
    }
    if (judge.type !== 'labeling-batch') return;
    const version = await this.criteria.findVersion(judge.criterionVersionId);
    if (!version) {
      const message = 'no criterion version has this id';
      throw unprocessable('criterion_version_not_found', '/judge/criterionVersionId', 'exists', message, judge.criterionVersionId);
    }
    if (version.state !== 'published') {
      throw conflict('criterion_version_not_published', `criterion version ${version.id} is a draft: publish it first`);
    }
    await this.checkVendors(judge.vendorIds, '/judge/vendorIds');
  }

  /** @throws ProblemException 422 `vendor_not_found` */
  async checkVendors(ids: readonly string[], pointer: string): Promise<void> {
    const [unknown] = await this.comparisons.unknownVendors(ids);
    if (unknown === undefined) return;
    throw unprocessable('vendor_not_found', `${pointer}/${ids.indexOf(unknown)}`, 'exists', 'no such vendor', unknown);
  }

  private async checkProxy({ judge, proxyRewardModelId }: CreateComparisonDto): Promise<void> {
    if (!proxyRewardModelId) return;
    const pointer = '/proxyRewardModelId';
    if (judge.type === 'reward-model') {
      const message = 'proxyRewardModelId needs people as judge; a reward model judges this comparison';
      throw unprocessable('proxy_without_people', pointer, 'judge', message, proxyRewardModelId);
    }
    await this.inputs.requireTrainedRewardModel(proxyRewardModelId, pointer);
  }

  private async start(tx: Transaction, auth: AuthContext, dto: CreateComparisonDto): Promise<Comparison> {
    const { baselineVersionId, candidateVersionId, promptSetId } = dto;
    const id = newId();
    const node = { type: 'comparison', id } as const;
    const job = await this.jobs.enqueue(tx, {
      type: 'comparison.run',
      payload: { comparisonId: id },
      resultRef: node,
      auth,
    });
    const sampling = { ...samplingDefaults, ...given(dto.sampling ?? {}) };
    const judge = { ...dto.judge };
    const proxyRewardModelId = dto.proxyRewardModelId ?? null;
    const row = { id, jobId: job.id, baselineVersionId, candidateVersionId, promptSetId, sampling, judge, proxyRewardModelId };
    const comparison = await this.comparisons.insert(tx, row);
    await this.lineage.link(tx, { type: 'policy_version', id: baselineVersionId }, node, 'baseline');
    await this.lineage.link(tx, { type: 'policy_version', id: candidateVersionId }, node, 'candidate');
    await this.lineage.link(tx, { type: 'prompt_set', id: promptSetId }, node, 'prompts');
    if (judge.type === 'reward-model')
      await this.lineage.link(tx, { type: 'reward_model', id: judge.rewardModelId }, node, 'judge');
    if (proxyRewardModelId)
      await this.lineage.link(tx, { type: 'reward_model', id: proxyRewardModelId }, node, 'proxy');
    return comparison;
  }

  private async view(comparison: Comparison, standing: Standing): Promise<ComparisonDto> {
    const state = stateOf(comparison, standing);
    return {
      ...comparison,
      judgedItemCount: standing.judged,
      state,
      error: state === 'failed' ? tooFewJudged(comparison, standing) : null,
      result: state === 'complete' ? await this.result(comparison, standing.version) : null,
    };
  }

  private async result({ id, sampling }: Comparison, version: string): Promise<ComparisonResult> {
    const known = this.results.get(id);
    if (known?.version === version) return known.result;
    const result = comparisonResult(await this.comparisons.judgedItems(id), sampling.seed);
    if (this.results.size >= resultsKept) this.results.clear();
    this.results.set(id, { version, result });
    return result;
  }

  private async reveal(comparisonId: string, items: ItemTexts[]): Promise<Map<string, RevealedItemDto>> {
    const judgements = await this.comparisons.judgementsOf(comparisonId, items.map(({ id }) => id));
    const revealed = (item: ItemTexts): RevealedItemDto => ({
      promptId: item.promptId,
      candidateSide: item.candidateIsLeft ? 'left' : 'right',
      baselineCompletionId: item.baselineCompletionId,
      candidateCompletionId: item.candidateCompletionId,
      judgements: judgements
        .filter(({ itemId }) => itemId === item.id)
        .map(({ labelerId, rewardModelId, preference }) => ({ labelerId, rewardModelId, preference })),
    });
    return new Map(items.map((item) => [item.id, revealed(item)]));
  }
}

const notJudged: Standing = { judged: 0, judgedPrompts: 0, closed: false, version: '' };

function stateOf(
  { itemCount }: Pick<Comparison, 'itemCount'>,
  { judged, judgedPrompts, closed }: Pick<Standing, 'judged' | 'judgedPrompts' | 'closed'>,
): ComparisonState {
  if (itemCount === 0) return 'generating';
  if (judged >= itemCount) return 'complete';
  if (!closed) return 'awaiting_judgements';
  return judgedPrompts < minPrompts ? 'failed' : 'complete';
}

function tooFewJudged({ itemCount }: Comparison, { judged }: Standing): ComparisonErrorDto {
  const detail = `the labeling batch was closed with ${judged} of ${itemCount} items judged: a result needs the items of at least ${minPrompts} prompts`;
  return { code: 'comparison_not_judged', detail };
}

function blind({ id, prompt, baseline, candidate, candidateIsLeft }: ItemTexts): ComparisonItemDto {
  const [left, right] = candidateIsLeft ? [candidate, baseline] : [baseline, candidate];
  return { itemId: id, prompt, left, right };
}

function requireReveal(auth: AuthContext, state: ComparisonState): void {
  if (!allows(auth.scopes, ['training:read'])) {
    const detail = 'reveal needs the scope training:read';
    throw new ProblemException({
      status: 403,
      code: 'scope_missing',
      title: 'The API key does not allow this request',
      detail,
    });
  }
  if (state !== 'complete')
    throw conflict('comparison_not_complete', `the comparison is ${state}: sides are revealed only when it is complete`);
}

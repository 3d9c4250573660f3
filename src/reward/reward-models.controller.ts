import { Body, Controller, Get, Headers, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { accepted } from '#src/jobs/accepted.js';
import { preferredWait } from '#src/jobs/http-conditions.js';
import { CurvePage, CurveQuery } from '#src/jobs/curves.dto.js';
import { CompletionRankingDto, DisagreementRequestDto, DisputedPairsDto, ScoreCompletionsDto } from './scores/scores.dto.js';
import { DisagreementService } from './scores/disagreement.service.js';
import { EarlyStoppingDto } from './models/early-stopping.dto.js';
import { RewardHyperparametersDto, RewardLoraDto } from './models/hyperparameters.dto.js';
import { RewardModelMemberPage } from './models/reward-model-members.dto.js';
import { CreateRewardModelDto, PlanRewardModelDto, RewardModelDto, RewardModelPage, RewardModelsQuery, UploadRewardModelDto } from './models/reward-models.dto.js';
import { RewardEvaluationDto, RewardEvaluationPage } from './evaluation/reward-evaluation.dto.js';
import { RewardModelsService } from './models/reward-models.service.js';
import { ScoresService } from './scores/scores.service.js';
import { ScoreTextsDto, TextScoresDto } from './scores/text-scores.dto.js';
import { TextScoresService } from './scores/text-scores.service.js';
import { TrainingPlanDto } from './models/training-plan.dto.js';

const defaultWaitSeconds = 10;

@ApiTags('reward-models')
@ApiExtraModels(RewardLoraDto, EarlyStoppingDto, RewardEvaluationDto, RewardHyperparametersDto)
@Controller('reward-models')
export class RewardModelsController {
  constructor(
    private readonly rewardModels: RewardModelsService,
    private readonly scores: ScoresService,
    private readonly textScores: TextScoresService,
    private readonly disagreements: DisagreementService,
  ) {}

  /** Starts training a reward model on a pair set. The job reports loss, accuracy and margin of every step. */
  @Post()
  @HttpCode(202)
  @RequireScopes('reward-models:write')
  @ApiOperation({ operationId: 'rewardModels_create' })
  @ApiAcceptedResponse({ type: RewardModelDto })
  async create(
    @CurrentAuth() auth: AuthContext,
    @Body() dto: CreateRewardModelDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RewardModelDto> {
    const rewardModel = await this.rewardModels.create(auth, dto);
    accepted(reply, rewardModel.jobId!);
    return rewardModel;
  }

  /**
   * Creates a reward model from uploaded files, trained elsewhere. It can score at once. The reward is read as in transformers: at the
   * last token that is not the pad token.
   */
  @Post('upload')
  @RequireScopes('reward-models:write')
  @ApiOperation({ operationId: 'rewardModels_upload' })
  upload(@Body() dto: UploadRewardModelDto): Promise<RewardModelDto> {
    return this.rewardModels.upload(dto);
  }

  /** Estimates memory and operations of the training and whether it fits. Nothing is started. */
  @Post('plan')
  @HttpCode(200)
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_plan' })
  @ApiOkResponse({ type: TrainingPlanDto })
  plan(@Body() dto: PlanRewardModelDto): Promise<TrainingPlanDto> {
    return this.rewardModels.plan(dto);
  }

  @Get()
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_list' })
  list(@Query() query: RewardModelsQuery): Promise<RewardModelPage> {
    return this.rewardModels.list(query);
  }

  @Get(':id')
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<RewardModelDto> {
    return this.rewardModels.get(id);
  }

  /**
   * Metrics by step: `loss accuracy margin mean_reward min_reward max_reward grad_norm learning_rate`, with early stopping also
   * `eval_loss` and `eval_accuracy`. With `maxPoints` the whole curve in few entries. Members of an ensemble follow one another with
   * consecutive step numbers; `member` names the member.
   */
  @Get(':id/metrics')
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_listMetrics' })
  metrics(@Param('id', ParseUUIDPipe) id: string, @Query() query: CurveQuery): Promise<CurvePage> {
    return this.rewardModels.metrics(id, query);
  }

  /** The trained members of an ensemble, or the one model, each with its files. During training: the finished ones. */
  @Get(':id/members')
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_listMembers' })
  members(@Param('id', ParseUUIDPipe) id: string): Promise<RewardModelMemberPage> {
    return this.rewardModels.members(id);
  }

  /** Accuracy on held-out prompts, compared with rules that do not read the text. */
  @Get(':id/evaluations')
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_listEvaluations' })
  evaluations(@Param('id', ParseUUIDPipe) id: string): Promise<RewardEvaluationPage> {
    return this.rewardModels.evaluations(id);
  }

  /**
   * Ranks all completions of one or more prompts, or the given completions within their prompts. Scores are stored and reused; a job
   * computes missing ones. The response waits for the job for 10 seconds, or N seconds with `Prefer: wait=N`, and is then 202 with the
   * scores known so far.
   */
  @Post(':id/score')
  @HttpCode(200)
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_score' })
  @ApiHeader({ name: 'Prefer', required: false, example: 'wait=10' })
  @ApiOkResponse({ type: CompletionRankingDto })
  @ApiAcceptedResponse({ type: CompletionRankingDto })
  async score(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: ScoreCompletionsDto,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompletionRankingDto> {
    const wait = preferredWait(prefer) ?? defaultWaitSeconds;
    const ranking = await this.scores.score(auth, id, dto, wait * 1000);
    if (!ranking.complete) accepted(reply, ranking.jobId!);
    return ranking;
  }

  /**
   * Scores texts that are not stored as completions. Each text is scored once per reward model, even if it is also a completion; a job
   * computes missing scores, as for `score`.
   */
  @Post(':id/score-texts')
  @HttpCode(200)
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_scoreTexts' })
  @ApiHeader({ name: 'Prefer', required: false, example: 'wait=10' })
  @ApiOkResponse({ type: TextScoresDto })
  @ApiAcceptedResponse({ type: TextScoresDto })
  async scoreTexts(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: ScoreTextsDto,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TextScoresDto> {
    const wait = preferredWait(prefer) ?? defaultWaitSeconds;
    const scores = await this.textScores.score(auth, id, dto, wait * 1000);
    if (!scores.complete) accepted(reply, scores.jobId!);
    return scores;
  }

  /** The pairs of the given completions on which an ensemble disagrees most: good candidates for labeling. */
  @Post(':id/disagreement')
  @HttpCode(200)
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'rewardModels_findDisagreement' })
  @ApiOkResponse({ type: DisputedPairsDto })
  async disagreement(@Param('id', ParseUUIDPipe) id: string, @Body() dto: DisagreementRequestDto): Promise<DisputedPairsDto> {
    return { pairs: await this.disagreements.disagreement(id, dto.promptId, dto.completionIds) };
  }
}

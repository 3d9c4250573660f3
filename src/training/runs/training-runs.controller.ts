import { createRunTypes, type CreateTrainingRun } from '../methods/training-methods.js';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { OneOfPipe } from '#src/common/parameters.pipe.js';
import { accepted } from '#src/jobs/accepted.js';
import { CurvePage, CurveQuery } from '#src/jobs/curves.dto.js';
import { TrainingCurvesService } from './training-curves.service.js';
import { TrainingDiagnosticsDto } from './training-diagnostics.dto.js';
import { TrainingRunDto, TrainingRunPage, TrainingSamplePage, TrainingSamplesQuery } from './training-runs.dto.js';
import { TrainingRunPlanDto } from '../plans/training-run-plan.dto.js';
import { TrainingRunsService } from './training-runs.service.js';

const bodies = Object.entries(createRunTypes).map(([method, type]) => [method, getSchemaPath(type)] as const);
const anyRun = {
  oneOf: bodies.map(([, $ref]) => ({ $ref })),
  discriminator: { propertyName: 'method', mapping: Object.fromEntries(bodies) },
};

@ApiTags('training-runs')
@Controller('training-runs')
export class TrainingRunsController {
  constructor(
    private readonly runs: TrainingRunsService,
    private readonly curves: TrainingCurvesService,
  ) {}

  /** Starts a training run. When it succeeds, the policy has a new version. */
  @Post()
  @HttpCode(202)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'trainingRuns_create' })
  @ApiExtraModels(...Object.values(createRunTypes))
  @ApiBody({ schema: anyRun })
  async create(
    @CurrentAuth() auth: AuthContext,
    @Body(new OneOfPipe<CreateTrainingRun>('method', createRunTypes)) dto: CreateTrainingRun,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TrainingRunDto> {
    const run = await this.runs.create(auth, dto);
    accepted(reply, run.jobId);
    return run;
  }

  /** Estimates what a run needs and whether it fits. Nothing is started. */
  @Post('plan')
  @HttpCode(200)
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_plan' })
  @ApiBody({ schema: anyRun })
  plan(@Body(new OneOfPipe<CreateTrainingRun>('method', createRunTypes)) dto: CreateTrainingRun): Promise<TrainingRunPlanDto> {
    return this.runs.plan(dto);
  }

  @Get()
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_list' })
  list(@Query() query: PageQuery): Promise<TrainingRunPage> {
    return this.runs.list(query);
  }

  @Get(':id')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<TrainingRunDto> {
    return this.runs.get(id);
  }

  /** One entry per step, or with `maxPoints` the whole curve in few entries. To follow a run, request the steps after the last one seen. */
  @Get(':id/metrics')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_listMetrics' })
  listMetrics(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: CurveQuery,
  ): Promise<CurvePage> {
    return this.curves.metrics(id, query);
  }

  /** The verdict and the metric curves behind it. */
  @Get(':id/diagnostics')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_getDiagnostics' })
  diagnostics(@Param('id', ParseUUIDPipe) id: string): Promise<TrainingDiagnosticsDto> {
    return this.curves.diagnostics(id);
  }

  /** A sample of the completions that each step learned from. */
  @Get(':id/samples')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_listSamples' })
  listSamples(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: TrainingSamplesQuery,
  ): Promise<TrainingSamplePage> {
    return this.runs.listSamples(id, query);
  }
}

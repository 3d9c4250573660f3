import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntegerPipe } from '#src/common/parameters.pipe.js';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { LoopCompletionPage, LoopIterationDetailDto, LoopIterationPage } from './loop-iterations.dto.js';
import { LoopIterationsService } from './loop-iterations.service.js';
import { CreateLoopDto, LoopDto, LoopPage } from './loops.dto.js';
import { LoopsService } from './loops.service.js';

@ApiTags('loops')
@Controller('loops')
export class LoopsController {
  constructor(
    private readonly loops: LoopsService,
    private readonly iterations: LoopIterationsService,
  ) {}

  /** Starts a loop, which repeats: answers, ratings, pairs, reward model, training, blind comparison. */
  @Post()
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'loops_create' })
  create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateLoopDto): Promise<LoopDto> {
    return this.loops.create(auth, dto);
  }

  @Get()
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'loops_list' })
  list(@Query() query: PageQuery): Promise<LoopPage> {
    return this.loops.list(query);
  }

  @Get(':id')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'loops_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<LoopDto> {
    return this.loops.get(id);
  }

  /** Pauses the loop. Nothing new is started; a running job pauses at its next step boundary and keeps its progress. */
  @Post(':id/pause')
  @HttpCode(200)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'loops_pause' })
  pause(@Param('id', ParseUUIDPipe) id: string): Promise<LoopDto> {
    return this.loops.pause(id);
  }

  /** Resumes a paused loop, or retries what failed. */
  @Post(':id/resume')
  @HttpCode(200)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'loops_resume' })
  resume(@Param('id', ParseUUIDPipe) id: string): Promise<LoopDto> {
    return this.loops.resume(id);
  }

  /** Stops the loop permanently. A running job is cancelled and an open labeling batch closed; results are kept. */
  @Post(':id/stop')
  @HttpCode(200)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'loops_stop' })
  stop(@Param('id', ParseUUIDPipe) id: string): Promise<LoopDto> {
    return this.loops.stop(id);
  }

  /** Iterations in order, with figures of the policy and the reward model. */
  @Get(':id/iterations')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'loops_listIterations' })
  listIterations(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<LoopIterationPage> {
    return this.iterations.list(id, query);
  }

  /** All resources of the iteration by id, and what it waits for. */
  @Get(':id/iterations/:number')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'loops_getIteration' })
  getIteration(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
  ): Promise<LoopIterationDetailDto> {
    return this.iterations.get(id, number);
  }

  /** Completions to rate. Post a rating of each to `/v1/ratings` under the loop's criterion version. */
  @Get(':id/iterations/:number/completions')
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'loops_listCompletions' })
  listCompletions(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
    @Query() query: PageQuery,
  ): Promise<LoopCompletionPage> {
    return this.iterations.completions(id, number, query);
  }
}

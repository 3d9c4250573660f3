import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { accepted } from '#src/jobs/accepted.js';
import { CompletionBatchDto, CompletionBatchPage, CompletionBatchQuery, CompletionFailurePage, CreateCompletionBatchDto } from './completion-batches.dto.js';
import { CompletionBatchesService } from './completion-batches.service.js';

@ApiTags('completion-batches')
@Controller('completion-batches')
export class CompletionBatchesController {
  constructor(private readonly batches: CompletionBatchesService) {}

  /** Starts a job in which a policy version answers every prompt of a set. */
  @Post()
  @HttpCode(202)
  @RequireScopes('completions:write')
  @ApiOperation({ operationId: 'completionBatches_create' })
  @ApiAcceptedResponse({ type: CompletionBatchDto })
  async create(
    @CurrentAuth() auth: AuthContext,
    @Body() dto: CreateCompletionBatchDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompletionBatchDto> {
    const batch = await this.batches.create(auth, dto);
    accepted(reply, batch.jobId);
    return batch;
  }

  @Get()
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'completionBatches_list' })
  list(@Query() query: CompletionBatchQuery): Promise<CompletionBatchPage> {
    return this.batches.list(query);
  }

  @Get(':id')
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'completionBatches_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<CompletionBatchDto> {
    return this.batches.get(id);
  }

  /** Prompts of the batch that failed, with the reason. Retrying the job tries them again. */
  @Get(':id/failures')
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'completionBatches_listFailures' })
  failures(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<CompletionFailurePage> {
    return this.batches.listFailures(id, query);
  }
}

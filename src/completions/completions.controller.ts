import { Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { RequireScopes } from '#src/auth/auth.js';
import { bodyStream } from '#src/common/body-stream.js';
import { BulkResult } from '#src/common/bulk.js';
import { NdjsonBody } from '#src/common/document.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { CompletionDto, CompletionPage, CompletionQuery, RecordedCompletionDto } from './completions.dto.js';
import { CompletionsService } from './completions.service.js';

@ApiTags('completions')
@Controller('completions')
export class CompletionsController {
  constructor(
    private readonly completions: CompletionsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Completions recorded elsewhere, one `RecordedCompletionDto` per line. Valid lines are stored. */
  @Post('bulk')
  @HttpCode(200)
  @RequireScopes('completions:write')
  @ApiOperation({ operationId: 'completions_createBulk' })
  @NdjsonBody(RecordedCompletionDto)
  createBulk(@Req() request: FastifyRequest): Promise<BulkResult> {
    return this.completions.record(bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes));
  }

  @Get()
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'completions_list' })
  list(@Query() query: CompletionQuery): Promise<CompletionPage> {
    return this.completions.list(query);
  }

  @Get(':id')
  @RequireScopes('completions:read')
  @ApiOperation({ operationId: 'completions_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<CompletionDto> {
    return this.completions.get(id);
  }
}

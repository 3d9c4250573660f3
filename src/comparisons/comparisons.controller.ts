import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { answerPosted } from '#src/common/posted.js';
import { bodyStream } from '#src/common/body-stream.js';
import { BulkResult } from '#src/common/bulk.js';
import { NdjsonBody } from '#src/common/document.js';
import { PageQuery } from '#src/common/pagination.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { accepted } from '#src/jobs/accepted.js';
import {
  ComparisonDto,
  ComparisonItemPage,
  ComparisonItemsQuery,
  ComparisonPage,
  CreateComparisonDto,
  CreateJudgementDto,
  JudgementDto,
} from './comparisons.dto.js';
import { ComparisonsService } from './comparisons.service.js';
import { JudgementsService } from './judgements.service.js';

@ApiTags('comparisons')
@Controller('comparisons')
export class ComparisonsController {
  constructor(
    private readonly comparisons: ComparisonsService,
    private readonly judgements: JudgementsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Both versions answer the prompts, and a reward model or people judge the answers blind. */
  @Post()
  @HttpCode(202)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'comparisons_create' })
  async create(
    @CurrentAuth() auth: AuthContext,
    @Body() dto: CreateComparisonDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ComparisonDto> {
    const comparison = await this.comparisons.create(auth, dto);
    accepted(reply, comparison.jobId);
    return comparison;
  }

  @Get()
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'comparisons_list' })
  list(@Query() query: PageQuery): Promise<ComparisonPage> {
    return this.comparisons.list(query);
  }

  @Get(':id')
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'comparisons_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<ComparisonDto> {
    return this.comparisons.get(id);
  }

  /** Items as labelers see them, without the version of each answer. */
  @Get(':id/items')
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'comparisons_listItems' })
  listItems(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: ComparisonItemsQuery,
  ): Promise<ComparisonItemPage> {
    return this.comparisons.listItems(auth, id, query);
  }

  /** Records which answer a labeler prefers. Repeating the same judgement returns the first one; a different one is 409 `already_judged`. An item with enough judgements is 409 `item_complete`. */
  @Post(':id/judgements')
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'comparisons_createJudgement' })
  @ApiCreatedResponse({ type: JudgementDto })
  @ApiOkResponse({ type: JudgementDto, description: 'The labeler already gave the same judgement: it is returned again' })
  async judge(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateJudgementDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JudgementDto> {
    return answerPosted(reply, await this.judgements.create(auth, id, dto));
  }

  /** One judgement per line, fields as in `comparisons_createJudgement`. A repeated judgement counts as a duplicate. */
  @Post(':id/judgements/bulk')
  @HttpCode(200)
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'comparisons_createJudgementBulk' })
  @NdjsonBody(CreateJudgementDto)
  judgeBulk(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: FastifyRequest,
  ): Promise<BulkResult> {
    const body = bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes);
    return this.judgements.createMany(auth, id, body);
  }
}

import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScopes } from '#src/auth/auth.js';
import { answerPosted, repeatedResponse } from '#src/common/posted.js';
import { bodyStream } from '#src/common/body-stream.js';
import { BulkResult } from '#src/common/bulk.js';
import { NdjsonBody } from '#src/common/document.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { CreatePromptDto, PromptDto, PromptPage, PromptQuery, toPromptDto } from './prompts.dto.js';
import { PromptsService } from './prompts.service.js';

@ApiTags('prompts')
@Controller('prompts')
export class PromptsController {
  constructor(
    private readonly prompts: PromptsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @RequireScopes('prompts:write')
  @ApiOperation({ operationId: 'prompts_create' })
  @ApiCreatedResponse({ type: PromptDto })
  @ApiOkResponse({ type: PromptDto, ...repeatedResponse })
  async create(@Body() dto: CreatePromptDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<PromptDto> {
    return toPromptDto(answerPosted(reply, await this.prompts.create(dto)));
  }

  /** One prompt per line. Valid lines are stored; an existing prompt counts as a duplicate. */
  @Post('bulk')
  @HttpCode(200)
  @RequireScopes('prompts:write')
  @ApiOperation({ operationId: 'prompts_createBulk' })
  @NdjsonBody(CreatePromptDto)
  createBulk(@Req() request: FastifyRequest): Promise<BulkResult> {
    return this.prompts.createMany(bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes));
  }

  @Get()
  @RequireScopes('prompts:read')
  @ApiOperation({ operationId: 'prompts_list' })
  async list(@Query() query: PromptQuery): Promise<PromptPage> {
    const page = await this.prompts.list(query);
    return { ...page, data: page.data.map(toPromptDto) };
  }

  @Get(':id')
  @RequireScopes('prompts:read')
  @ApiOperation({ operationId: 'prompts_get' })
  async get(@Param('id', ParseUUIDPipe) id: string): Promise<PromptDto> {
    return toPromptDto(await this.prompts.get(id));
  }
}

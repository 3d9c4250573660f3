import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CreatePromptSetDto, PromptSetDto, PromptSetPage, PromptSetPromptPage } from './prompt-sets.dto.js';
import { toPromptDto } from './prompts.dto.js';
import { PromptSetsService } from './prompt-sets.service.js';

@ApiTags('prompt-sets')
@Controller('prompt-sets')
export class PromptSetsController {
  constructor(private readonly sets: PromptSetsService) {}

  /** Creates a prompt set, which is immutable. */
  @Post()
  @RequireScopes('prompts:write')
  @ApiOperation({ operationId: 'promptSets_create' })
  create(@Body() dto: CreatePromptSetDto): Promise<PromptSetDto> {
    return this.sets.create(dto);
  }

  @Get()
  @RequireScopes('prompts:read')
  @ApiOperation({ operationId: 'promptSets_list' })
  list(@Query() query: PageQuery): Promise<PromptSetPage> {
    return this.sets.list(query);
  }

  @Get(':id')
  @RequireScopes('prompts:read')
  @ApiOperation({ operationId: 'promptSets_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<PromptSetDto> {
    return this.sets.get(id);
  }

  /** The prompts of a set, in order. */
  @Get(':id/prompts')
  @RequireScopes('prompts:read')
  @ApiOperation({ operationId: 'promptSets_listPrompts' })
  async listPrompts(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<PromptSetPromptPage> {
    const page = await this.sets.listPrompts(id, query);
    return { ...page, data: page.data.map(toPromptDto) };
  }
}

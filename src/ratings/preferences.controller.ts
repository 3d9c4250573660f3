import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { bodyStream } from '#src/common/body-stream.js';
import { BulkResult } from '#src/common/bulk.js';
import { NdjsonBody } from '#src/common/document.js';
import { answerPosted, repeatedResponse } from '#src/common/posted.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import {
  CreatePreferenceJudgementDto,
  CreateRankingDto,
  PreferenceDto,
  PreferencePage,
  PreferencesQuery,
  SupersedePreferenceDto,
} from './preferences.dto.js';
import { PreferencesService } from './preferences.service.js';

@ApiTags('preferences')
@Controller()
@OpenToVendors()
export class PreferencesController {
  constructor(
    private readonly preferences: PreferencesService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Records a labeler's ranking of completions of one prompt; ties are allowed. */
  @Post('rankings')
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'rankings_create' })
  @ApiCreatedResponse({ type: PreferenceDto })
  @ApiOkResponse({ type: PreferenceDto, ...repeatedResponse })
  async rank(@CurrentAuth() auth: AuthContext, @Body() dto: CreateRankingDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<PreferenceDto> {
    return answerPosted(reply, await this.preferences.rank(auth, dto));
  }

  /** Records which of two completions of one prompt a labeler prefers, or a tie. */
  @Post('preference-judgements')
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'preferenceJudgements_create' })
  @ApiCreatedResponse({ type: PreferenceDto })
  @ApiOkResponse({ type: PreferenceDto, ...repeatedResponse })
  async compare(@CurrentAuth() auth: AuthContext, @Body() dto: CreatePreferenceJudgementDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<PreferenceDto> {
    return answerPosted(reply, await this.preferences.compare(auth, dto));
  }

  /**
   * One ranking per line, fields as in `rankings_create`. Good lines land; a line posted before under the same `externalId` counts as a
   * duplicate.
   */
  @Post('rankings/bulk')
  @HttpCode(200)
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'rankings_createBulk' })
  @NdjsonBody(CreateRankingDto)
  @ApiOkResponse({ type: BulkResult })
  rankBulk(@CurrentAuth() auth: AuthContext, @Req() request: FastifyRequest): Promise<StreamableFile> {
    return this.preferences.rankBulk(auth, bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes));
  }

  /**
   * One judgement per line, fields as in `preferenceJudgements_create`: chosen and rejected answers from elsewhere. Good lines land; a
   * line posted before under the same `externalId` counts as a duplicate.
   */
  @Post('preference-judgements/bulk')
  @HttpCode(200)
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'preferenceJudgements_createBulk' })
  @NdjsonBody(CreatePreferenceJudgementDto)
  @ApiOkResponse({ type: BulkResult })
  compareBulk(@CurrentAuth() auth: AuthContext, @Req() request: FastifyRequest): Promise<StreamableFile> {
    return this.preferences.compareBulk(auth, bodyStream(request, 'application/x-ndjson', this.config.uploadLimitBytes));
  }

  /** Current rankings and comparisons, including those from labeling tasks. */
  @Get('preferences')
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'preferences_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: PreferencesQuery): Promise<PreferencePage> {
    return this.preferences.list(auth, query);
  }

  @Get('preferences/:id')
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'preferences_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<PreferenceDto> {
    return this.preferences.get(auth, id);
  }

  /** Corrects a ranking or comparison: a new one replaces it, and the old one is kept. */
  @Post('preferences/:id/supersede')
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'preferences_supersede' })
  supersede(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string, @Body() dto: SupersedePreferenceDto): Promise<PreferenceDto> {
    return this.preferences.supersede(auth, id, dto);
  }
}

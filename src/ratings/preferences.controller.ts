import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { answerPosted, repeatedResponse } from '#src/common/posted.js';
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
  constructor(private readonly preferences: PreferencesService) {}

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

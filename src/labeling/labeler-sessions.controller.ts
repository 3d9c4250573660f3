import { Body, Controller, Get, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToLabelers, OpenToVendors, RequireScopes, SecretAnswer, type AuthContext } from '#src/auth/auth.js';
import { CreatedLabelerSessionDto, CreateLabelerSessionDto, LabelerSessionDto } from './labeler-sessions.dto.js';
import { LabelerSessionsService } from './labeler-sessions.service.js';

@ApiTags('labeler-sessions')
@Controller()
@OpenToVendors()
export class LabelerSessionsController {
  constructor(private readonly sessions: LabelerSessionsService) {}

  /** Makes a short-lived token that works on one labeler's tasks and nothing else; it is in this answer and nowhere else. */
  @Post('labelers/:id/sessions')
  @SecretAnswer()
  @RequireScopes('ratings:write', 'tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_create' })
  create(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateLabelerSessionDto,
  ): Promise<CreatedLabelerSessionDto> {
    return this.sessions.create(auth, id, dto);
  }

  /** Who the session's labeler is, and the batches open to them with progress. */
  @Get('labeler-session')
  @OpenToLabelers()
  @RequireScopes('tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_current' })
  current(@CurrentAuth() auth: AuthContext): Promise<LabelerSessionDto> {
    return this.sessions.current(auth);
  }
}

import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CompletionScorePage } from './scores.dto.js';
import { ScoresService } from './scores.service.js';

@ApiTags('completions')
@Controller('completions')
export class CompletionScoresController {
  constructor(private readonly scores: ScoresService) {}

  /** Stored scores of the completion by all reward models; nothing is computed. */
  @Get(':id/scores')
  @RequireScopes('reward-models:read')
  @ApiOperation({ operationId: 'completions_listScores' })
  list(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<CompletionScorePage> {
    return this.scores.ofCompletion(id, query);
  }
}

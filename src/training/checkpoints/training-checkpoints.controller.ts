import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntegerPipe } from '#src/common/parameters.pipe.js';
import { RequireScopes } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { PolicyVersionDto } from '#src/policies/policy-versions.dto.js';
import { TrainingCheckpointPage } from './training-checkpoints.dto.js';
import { TrainingCheckpointsService } from './training-checkpoints.service.js';

@ApiTags('training-runs')
@Controller('training-runs/:id/checkpoints')
export class TrainingCheckpointsController {
  constructor(private readonly checkpoints: TrainingCheckpointsService) {}

  /** Saved weights by step, with their evaluation. */
  @Get()
  @RequireScopes('training:read')
  @ApiOperation({ operationId: 'trainingRuns_listCheckpoints' })
  list(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<TrainingCheckpointPage> {
    return this.checkpoints.list(id, query);
  }

  /** Makes a checkpoint the next version of its policy. A repeated request returns the same version. */
  @Post(':step/promote')
  @HttpCode(200)
  @RequireScopes('training:write')
  @ApiOperation({ operationId: 'trainingRuns_promoteCheckpoint' })
  promote(@Param('id', ParseUUIDPipe) id: string, @Param('step', IntegerPipe) step: number): Promise<PolicyVersionDto> {
    return this.checkpoints.promote(id, step);
  }
}

import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { LabelerQualityDto, LabelerQualityQuery } from './labeler-quality.dto.js';
import { LabelerQualityService } from './labeler-quality.service.js';

@ApiTags('quality')
@Controller('labelers')
export class LabelerQualityController {
  constructor(private readonly quality: LabelerQualityService) {}

  /** Severity, position bias, straight-lining, speed, gold accuracy and reliability of a labeler, with flags to check. */
  @Get(':id/quality')
  @RequireScopes('ratings:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'labelers_getQuality' })
  get(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: LabelerQualityQuery,
  ): Promise<LabelerQualityDto> {
    return this.quality.get(auth, id, query.criterionVersionId);
  }
}

import { Body, Controller, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntegerPipe } from '#src/common/parameters.pipe.js';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { CriterionVersionDto } from '#src/ratings/criteria.dto.js';
import { PublishCriterionVersionDto } from './publishing.dto.js';
import { PublishingService } from './publishing.service.js';

@ApiTags('criteria')
@Controller('criteria')
export class PublishingController {
  constructor(private readonly publishing: PublishingService) {}

  /**
   * Publishes the version, so that completions can be rated under it. Needs an `overrideReason` if the latest pilot is unfinished, too
   * small or below the criterion's minimum agreement (default 0.667).
   */
  @Post(':id/versions/:number/publish')
  @HttpCode(200)
  @RequireScopes('criteria:write')
  @ApiOperation({ operationId: 'criteria_publishVersion' })
  @ApiBody({ type: PublishCriterionVersionDto, required: false })
  publish(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
    @Body() dto: PublishCriterionVersionDto,
  ): Promise<CriterionVersionDto> {
    return this.publishing.publish(auth, id, number, dto);
  }
}

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
   * From now on completions can be rated against this version. Where its latest pilot is not over, is too small, or found
   * less agreement than the criterion asks for (0.667 unless set), this needs an `overrideReason`.
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

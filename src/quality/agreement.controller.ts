import { Controller, Get, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntegerPipe } from '#src/common/parameters.pipe.js';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { AgreementDto, VersionAgreementDto } from './agreement.dto.js';
import { AgreementService } from './agreement.service.js';

@ApiTags('quality')
@Controller()
export class AgreementController {
  constructor(private readonly agreement: AgreementService) {}

  /** Agreement of the labelers of a batch, without gold items. A vendor sees its own labelers, over all items. */
  @Get('labeling-batches/:id/agreement')
  @RequireScopes('labeling:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'labelingBatches_getAgreement' })
  ofBatch(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<AgreementDto> {
    return this.agreement.ofBatch(auth, id);
  }

  /**
   * Agreement over all ratings, rankings and comparisons under a criterion version, from any source; without pilots and gold items.
   */
  @Get('criteria/:id/versions/:number/agreement')
  @RequireScopes('ratings:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'criteria_getVersionAgreement' })
  ofVersion(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
  ): Promise<VersionAgreementDto> {
    return this.agreement.ofVersion(auth, id, number);
  }
}

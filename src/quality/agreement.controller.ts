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

  /** How far the labelers of a batch agree, gold items left out; for a vendor, its own labelers, and all items. */
  @Get('labeling-batches/:id/agreement')
  @RequireScopes('labeling:read')
  @OpenToVendors()
  @ApiOperation({ operationId: 'labelingBatches_getAgreement' })
  ofBatch(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<AgreementDto> {
    return this.agreement.ofBatch(auth, id);
  }

  /**
   * The same over all ratings under a criterion version, however they came, and over all rankings and comparisons; those of
   * pilots and gold items are left out.
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

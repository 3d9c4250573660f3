import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiKeyDto } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { CurrentAuth, OpenToLabelers, OpenToVendors, RequireScopes, type AuthContext } from './auth.js';

@ApiTags('api-keys')
@Controller('me')
export class MeController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  /** The key of this request: scopes, vendor and expiry. */
  @Get()
  @RequireScopes()
  @OpenToVendors()
  @OpenToLabelers()
  @ApiOperation({ operationId: 'me_get' })
  get(@CurrentAuth() auth: AuthContext): Promise<ApiKeyDto> {
    return this.apiKeys.get(auth.keyId);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PageQuery } from '#src/common/pagination.js';
import { ApiKeyPage, CreateApiKeyDto, CreatedApiKeyDto, RotateApiKeyDto, ApiKeyDto } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { CurrentAuth, RequireScopes, SecretAnswer, type AuthContext, OpenToLabelers, OpenToVendors } from './auth.js';

@ApiTags('api-keys')
@Controller('api-keys')
@RequireScopes('admin')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  /** Creates a key. The secret is shown only in this response. */
  @Post()
  @SecretAnswer()
  @ApiOperation({ operationId: 'apiKeys_create' })
  create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    return this.apiKeys.create(dto, null, auth);
  }

  /** All keys, including vendor keys. */
  @Get()
  @ApiOperation({ operationId: 'apiKeys_list' })
  list(@Query() query: PageQuery): Promise<ApiKeyPage> {
    return this.apiKeys.list(query);
  }

  /** Revokes a key. All processes refuse it within two seconds. */
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'apiKeys_revoke' })
  revoke(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<void> {
    return this.apiKeys.revoke(auth, id);
  }

  /** Creates a new key with the same scopes. The old key keeps working for the grace period. */
  @Post(':id/rotate')
  @SecretAnswer()
  @ApiOperation({ operationId: 'apiKeys_rotate' })
  rotate(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: RotateApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    return this.apiKeys.rotate(auth, id, dto);
  }
}

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

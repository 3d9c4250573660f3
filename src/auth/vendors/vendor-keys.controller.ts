import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PageQuery } from '#src/common/pagination.js';
import { ApiKeyPage, CreatedApiKeyDto, CreateVendorApiKeyDto, RotateApiKeyDto } from '../api-keys.dto.js';
import { CurrentAuth, OpenToVendors, RequireScopes, SecretAnswer, type AuthContext } from '../auth.js';
import { VendorKeysService } from './vendor-keys.service.js';

@ApiTags('vendors')
@Controller('vendors/:id/api-keys')
@OpenToVendors()
export class VendorKeysController {
  constructor(private readonly keys: VendorKeysService) {}

  /**
   * Creates a key of the vendor. The secret is shown only in this response. A vendor key can grant only scopes that it has.
   */
  @Post()
  @SecretAnswer()
  @RequireScopes('vendors:write')
  @ApiOperation({ operationId: 'vendorApiKeys_create' })
  create(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateVendorApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    return this.keys.create(auth, id, dto);
  }

  @Get()
  @RequireScopes('vendors:read')
  @ApiOperation({ operationId: 'vendorApiKeys_list' })
  list(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PageQuery,
  ): Promise<ApiKeyPage> {
    return this.keys.list(auth, id, query);
  }

  /** Revokes a key. All processes refuse it within two seconds. */
  @Delete(':keyId')
  @HttpCode(204)
  @RequireScopes('vendors:write')
  @ApiOperation({ operationId: 'vendorApiKeys_revoke' })
  revoke(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('keyId', ParseUUIDPipe) keyId: string,
  ): Promise<void> {
    return this.keys.revoke(auth, id, keyId);
  }

  /** Creates a new key with the same scopes. The old key keeps working for the grace period. */
  @Post(':keyId/rotate')
  @SecretAnswer()
  @RequireScopes('vendors:write')
  @ApiOperation({ operationId: 'vendorApiKeys_rotate' })
  rotate(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('keyId', ParseUUIDPipe) keyId: string,
    @Body() dto: RotateApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    return this.keys.rotate(auth, id, keyId, dto);
  }
}

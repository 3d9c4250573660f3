import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PageQuery } from '#src/common/pagination.js';
import { ApiKeyPage, CreateApiKeyDto, CreatedApiKeyDto } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { RequireScopes, SecretAnswer } from './auth.js';

@ApiTags('api-keys')
@Controller('api-keys')
@RequireScopes('admin')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  /** Makes a key; its secret is in this answer and nowhere else. */
  @Post()
  @SecretAnswer()
  @ApiOperation({ operationId: 'apiKeys_create' })
  async create(@Body() dto: CreateApiKeyDto): Promise<CreatedApiKeyDto> {
    const { key, secret } = await this.apiKeys.create(dto);
    return { ...key, secret };
  }

  @Get()
  @ApiOperation({ operationId: 'apiKeys_list' })
  list(@Query() query: PageQuery): Promise<ApiKeyPage> {
    return this.apiKeys.list(query);
  }

  /** Revokes a key; other processes follow within two seconds. */
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'apiKeys_revoke' })
  async revoke(@Param('id', ParseUUIDPipe) id: string): Promise<void> {
    await this.apiKeys.revoke(id);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, SecretAnswer, type AuthContext } from '#src/auth/auth.js';
import {
  CreatedWebhookEndpointDto,
  CreateWebhookEndpointDto,
  RotateWebhookSecretDto,
  UpdateWebhookEndpointDto,
  WebhookEndpointDto,
  WebhookEndpointPage,
  WebhookEndpointsQuery,
  WebhookSecretDto,
} from './webhook-endpoints.dto.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';

@ApiTags('webhook-endpoints')
@Controller('webhook-endpoints')
@OpenToVendors()
export class WebhookEndpointsController {
  constructor(private readonly endpoints: WebhookEndpointsService) {}

  /** Registers a receiver of events. The signing secret is shown only in this response. */
  @Post()
  @SecretAnswer()
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookEndpoints_create' })
  create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateWebhookEndpointDto): Promise<CreatedWebhookEndpointDto> {
    return this.endpoints.create(auth, dto);
  }

  @Get()
  @RequireScopes('webhooks:read')
  @ApiOperation({ operationId: 'webhookEndpoints_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: WebhookEndpointsQuery): Promise<WebhookEndpointPage> {
    return this.endpoints.list(auth, query);
  }

  @Get(':id')
  @RequireScopes('webhooks:read')
  @ApiOperation({ operationId: 'webhookEndpoints_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<WebhookEndpointDto> {
    return this.endpoints.get(auth, id);
  }

  @Patch(':id')
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookEndpoints_update' })
  update(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: UpdateWebhookEndpointDto,
  ): Promise<WebhookEndpointDto> {
    return this.endpoints.update(auth, id, dto);
  }

  /** Deletes the endpoint and its deliveries. The audit log keeps its entries. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookEndpoints_delete' })
  delete(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<void> {
    return this.endpoints.delete(auth, id);
  }

  /** Creates a new secret. Deliveries are signed with both secrets until the overlap ends. */
  @Post(':id/rotate-secret')
  @SecretAnswer()
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookEndpoints_rotateSecret' })
  rotateSecret(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: RotateWebhookSecretDto,
  ): Promise<WebhookSecretDto> {
    return this.endpoints.rotateSecret(auth, id, dto);
  }
}

import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { WebhookDeliveriesQuery, WebhookDeliveryDto, WebhookDeliveryPage } from './webhook-deliveries.dto.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';

@ApiTags('webhook-endpoints')
@Controller('webhook-endpoints/:id')
@OpenToVendors()
export class WebhookDeliveriesController {
  constructor(private readonly deliveries: WebhookDeliveriesService) {}

  /** Sends a `webhook_endpoint.ping` event, even if the endpoint's filter excludes it. */
  @Post('ping')
  @HttpCode(202)
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookEndpoints_ping' })
  ping(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<WebhookDeliveryDto> {
    return this.deliveries.ping(auth, id);
  }

  /** Newest first, each with its attempts. */
  @Get('deliveries')
  @RequireScopes('webhooks:read')
  @ApiOperation({ operationId: 'webhookDeliveries_list' })
  list(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: WebhookDeliveriesQuery,
  ): Promise<WebhookDeliveryPage> {
    return this.deliveries.list(auth, id, query);
  }

  @Get('deliveries/:deliveryId')
  @RequireScopes('webhooks:read')
  @ApiOperation({ operationId: 'webhookDeliveries_get' })
  get(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('deliveryId', ParseUUIDPipe) deliveryId: string,
  ): Promise<WebhookDeliveryDto> {
    return this.deliveries.get(auth, id, deliveryId);
  }

  /** Sends a delivery again now with the same `webhook-id`, even if it was already delivered. */
  @Post('deliveries/:deliveryId/redeliver')
  @HttpCode(202)
  @RequireScopes('webhooks:write')
  @ApiOperation({ operationId: 'webhookDeliveries_redeliver' })
  redeliver(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('deliveryId', ParseUUIDPipe) deliveryId: string,
  ): Promise<WebhookDeliveryDto> {
    return this.deliveries.redeliver(auth, id, deliveryId);
  }
}

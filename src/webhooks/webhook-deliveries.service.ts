// Deliveries of an endpoint and their outcome; redelivery; test deliveries.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { payload } from './fan-out.service.js';
import { toDeliveryDto, type WebhookDeliveriesQuery, type WebhookDeliveryDto } from './webhook-deliveries.dto.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import type { WebhookDelivery } from './webhook-delivery.entity.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';

@Injectable()
export class WebhookDeliveriesService {
  constructor(
    private readonly database: Database,
    private readonly endpoints: WebhookEndpointsService,
    private readonly deliveries: WebhookDeliveriesRepository,
  ) {}

  async list(auth: AuthContext, endpointId: string, query: WebhookDeliveriesQuery): Promise<Page<WebhookDeliveryDto>> {
    await this.endpoints.get(auth, endpointId);
    const request = pageRequest(query);
    const page = toPage(await this.deliveries.page(endpointId, request, query.state), request, (delivery) => delivery.id);
    return { ...page, data: await this.withAttempts(page.data) };
  }

  async get(auth: AuthContext, endpointId: string, id: string): Promise<WebhookDeliveryDto> {
    await this.endpoints.get(auth, endpointId);
    return this.read(endpointId, id);
  }

  /** Sends it again now, under the same message id, with a schedule of its own. */
  async redeliver(auth: AuthContext, endpointId: string, id: string): Promise<WebhookDeliveryDto> {
    refuseDisabled(await this.endpoints.get(auth, endpointId));
    await this.read(endpointId, id);
    await this.database.transaction((tx) => this.deliveries.redeliver(tx, id));
    return this.read(endpointId, id);
  }

  async ping(auth: AuthContext, endpointId: string): Promise<WebhookDeliveryDto> {
    refuseDisabled(await this.endpoints.get(auth, endpointId));
    const [id, eventType] = [newId(), 'webhook_endpoint.ping' as const];
    const body = payload({ type: eventType, data: { webhookEndpointId: endpointId }, createdAt: new Date() });
    await this.database.transaction((tx) => this.deliveries.insert(tx, [{ id, endpointId, eventId: null, eventType, body }]));
    return this.read(endpointId, id);
  }

  private async read(endpointId: string, id: string): Promise<WebhookDeliveryDto> {
    const delivery = await this.deliveries.find(endpointId, id);
    if (!delivery) throw notFound('webhook_delivery', id);
    return (await this.withAttempts([delivery]))[0];
  }

  private async withAttempts(deliveries: WebhookDelivery[]): Promise<WebhookDeliveryDto[]> {
    const attempts = await this.deliveries.attempts(deliveries.map(({ id }) => id));
    return deliveries.map((delivery) => toDeliveryDto(delivery, attempts.filter(({ deliveryId }) => deliveryId === delivery.id)));
  }
}

function refuseDisabled({ id, disabledAt }: WebhookEndpoint): void {
  if (disabledAt !== null) throw conflict('webhook_endpoint_disabled', `webhook endpoint ${id} is disabled: enable it first`);
}

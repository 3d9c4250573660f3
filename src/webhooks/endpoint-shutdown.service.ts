// Disables an endpoint because of its responses: recorded in the audit log, announced to the endpoints that remain.
import { Injectable } from '@nestjs/common';
import { AuditService } from '#src/auth/audit/audit.service.js';
import type { Transaction } from '#src/database/database.js';
import { EventsService } from '#src/events/events.service.js';
import type { DisableReason } from './retry-schedule.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEndpointsRepository } from './webhook-endpoints.repository.js';

@Injectable()
export class EndpointShutdown {
  constructor(
    private readonly endpoints: WebhookEndpointsRepository,
    private readonly audit: AuditService,
    private readonly events: EventsService,
  ) {}

  /** @param endpoint its row locked */
  async disable(tx: Transaction, endpoint: WebhookEndpoint, reason: DisableReason): Promise<void> {
    if (endpoint.disabledAt !== null) return;
    const { id, vendorId } = endpoint;
    await this.endpoints.update(tx, id, { disabledAt: new Date(), disabledReason: reason });
    await this.audit.record(tx, 'system', {
      action: 'webhook_endpoint.disabled',
      resource: { type: 'webhook_endpoint', id },
      detail: { reason, vendorId, failingSince: endpoint.failingSince },
    });
    const vendorIds = vendorId === null ? [] : [vendorId];
    await this.events.emit(tx, { type: 'webhook_endpoint.disabled', data: { webhookEndpointId: id }, vendorIds });
  }
}

// Turns events into deliveries: each event once, in one transaction, for every subscribed endpoint.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import { EventsService } from '#src/events/events.service.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import { WebhookEndpointsRepository } from './webhook-endpoints.repository.js';
import type { DomainEvent, EventType } from '#src/events/event-types.js';

/** Whether an endpoint receives an event: the owner's endpoints receive all, a vendor's those that name the vendor. */
export function hears(
  endpoint: { vendorId: string | null; eventTypes: readonly EventType[] },
  event: Pick<DomainEvent, 'type' | 'vendorIds'>,
): boolean {
  const wanted = endpoint.eventTypes.length === 0 || endpoint.eventTypes.includes(event.type);
  return wanted && (endpoint.vendorId === null || event.vendorIds.includes(endpoint.vendorId));
}

/** The payload contains ids only; a receiver fetches the rest with its own key. */
export function payload(event: { type: EventType; data: object; createdAt: Date }): string {
  return JSON.stringify({ type: event.type, timestamp: event.createdAt.toISOString(), data: event.data });
}

const batchSize = 100;

@Injectable()
export class FanOut {
  constructor(
    private readonly database: Database,
    private readonly events: EventsService,
    private readonly endpoints: WebhookEndpointsRepository,
    private readonly deliveries: WebhookDeliveriesRepository,
  ) {}

  /** @returns whether there may be more */
  async run(): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const events = await this.events.take(tx, batchSize);
      if (events.length === 0) return false;
      const endpoints = await this.endpoints.enabled(tx);
      const deliveries = events.flatMap((event) =>
        endpoints
          .filter((endpoint) => hears(endpoint, event))
          .map(({ id }) => ({ id: newId(), endpointId: id, eventId: event.id, eventType: event.type, body: payload(event) })),
      );
      await this.deliveries.insert(tx, deliveries);
      return events.length === batchSize;
    });
  }
}

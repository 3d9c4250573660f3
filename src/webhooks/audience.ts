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

import type { DomainEvent, EventType } from '#src/events/event-types.js';

/** Whether an endpoint is told of an event: the owner's of every one, a vendor's of those that name the vendor. */
export function hears(
  endpoint: { vendorId: string | null; eventTypes: readonly EventType[] },
  event: Pick<DomainEvent, 'type' | 'vendorIds'>,
): boolean {
  const wanted = endpoint.eventTypes.length === 0 || endpoint.eventTypes.includes(event.type);
  return wanted && (endpoint.vendorId === null || event.vendorIds.includes(endpoint.vendorId));
}

/** What is sent: thin, so that a receiver asks for the rest with a key of its own. */
export function payload(event: { type: EventType; data: object; createdAt: Date }): string {
  return JSON.stringify({ type: event.type, timestamp: event.createdAt.toISOString(), data: event.data });
}

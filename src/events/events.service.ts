// Publishes facts for other rooms and webhooks: one call in the transaction that makes them true. A rolled-back fact is never published, a
// committed one never lost.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { DomainEventRow } from './domain-event.entity.js';
import { checkEvent, type DomainEvent } from './event-types.js';
import { EventsRepository } from './events.repository.js';

@Injectable()
export class EventsService {
  constructor(private readonly events: EventsRepository) {}

  /**
   * Writes the event when, and only when, the caller's transaction commits.
   *
   * @returns its id
   * @throws InvalidEventError
   */
  async emit(tx: Transaction, event: DomainEvent): Promise<string> {
    checkEvent(event);
    return this.events.append(tx, event);
  }

  /** Up to `limit` events that wait to be passed on, each given to one caller; a rollback gives them back. */
  take(tx: Transaction, limit: number): Promise<DomainEventRow[]> {
    return this.events.take(tx, limit);
  }
}

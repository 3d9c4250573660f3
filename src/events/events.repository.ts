import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import type { Transaction } from '#src/database/database.js';
import { DomainEventRow } from './domain-event.entity.js';
import type { DomainEvent } from './event-types.js';

@Injectable()
export class EventsRepository {
  async append(tx: Transaction, { type, data, vendorIds }: DomainEvent): Promise<string> {
    const id = newId();
    await tx.insert(DomainEventRow, { id, type, data: data as object, vendorIds: [...new Set(vendorIds)] });
    await tx.query('INSERT INTO undelivered_events (event_id) VALUES ($1)', [id]);
    return id;
  }

  /** Events not yet passed on, locked until the transaction ends; rows locked by others are skipped. */
  take(tx: Transaction, limit: number): Promise<DomainEventRow[]> {
    return tx.query<DomainEventRow[]>(
      `WITH taken AS (
         DELETE FROM undelivered_events WHERE event_id IN (
           SELECT event_id FROM undelivered_events ORDER BY event_id LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING event_id)
       SELECT e.id, e.type, e.data, e.vendor_ids AS "vendorIds", e.created_at AS "createdAt"
       FROM domain_events e JOIN taken ON taken.event_id = e.id ORDER BY e.id`,
      [limit],
    );
  }
}

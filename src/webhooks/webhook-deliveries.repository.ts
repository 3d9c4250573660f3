import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { WebhookAttempt, WebhookDelivery, type DeliveryState } from './webhook-delivery.entity.js';

export type NewDelivery = Pick<WebhookDelivery, 'id' | 'endpointId' | 'eventId' | 'eventType' | 'body'>;

/** Deliveries as a reader sees them. */
@Injectable()
export class WebhookDeliveriesRepository {
  constructor(
    @InjectRepository(WebhookDelivery) private readonly rows: Repository<WebhookDelivery>,
    @InjectRepository(WebhookAttempt) private readonly tries: Repository<WebhookAttempt>,
  ) {}

  async insert(tx: Transaction, deliveries: NewDelivery[]): Promise<void> {
    if (deliveries.length > 0) await tx.insert(WebhookDelivery, deliveries);
  }

  find(endpointId: string, id: string): Promise<WebhookDelivery | null> {
    return this.rows.findOneBy({ id, endpointId });
  }

  /** Newest first. */
  page(endpointId: string, request: PageRequest, state?: DeliveryState): Promise<WebhookDelivery[]> {
    const query = this.rows.createQueryBuilder('delivery').orderBy('delivery.id', 'DESC').limit(request.limit + 1);
    query.where('delivery.endpointId = :endpointId', { endpointId });
    if (state !== undefined) query.andWhere('delivery.state = :state', { state });
    if (request.after) query.andWhere('delivery.id < :after', { after: request.after });
    return query.getMany();
  }

  /** In their order. */
  attempts(deliveryIds: string[]): Promise<WebhookAttempt[]> {
    return this.tries.find({ where: { deliveryId: In(deliveryIds) }, order: { id: 'ASC' } });
  }

  /** Restarts the schedule now; an attempt in progress continues. */
  async redeliver(tx: Transaction, id: string): Promise<void> {
    await tx.update(WebhookDelivery, { id }, { state: 'pending', attempt: 0, nextAttemptAt: () => 'now()', finishedAt: null });
  }
}

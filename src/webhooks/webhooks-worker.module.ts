import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '#src/auth/audit/audit.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { Deliverer } from './deliverer.js';
import { DeliveryQueueRepository } from './delivery-queue.repository.js';
import { EndpointShutdown } from './endpoint-shutdown.service.js';
import { FanOut } from './fan-out.service.js';
import { WebhookAttempt, WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookDeliveriesRepository } from './webhook-deliveries.repository.js';
import { WebhookEndpoint, WebhookSecret } from './webhook-endpoint.entity.js';
import { WebhookEndpointsRepository } from './webhook-endpoints.repository.js';
import { WebhookPoller } from './webhook-poller.js';

/** Sends webhooks in every worker, whichever queues it serves. */
@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([WebhookEndpoint, WebhookSecret, WebhookDelivery, WebhookAttempt]),
    AuditModule,
    EventsModule,
  ],
  providers: [
    WebhookEndpointsRepository,
    WebhookDeliveriesRepository,
    DeliveryQueueRepository,
    EndpointShutdown,
    Deliverer,
    FanOut,
    WebhookPoller,
  ],
})
export class WebhooksWorkerModule {}

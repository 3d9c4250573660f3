import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { eventTypes, type EventType } from '#src/events/event-types.js';
import { type WebhookAttempt, deliveryHolds, deliveryStates, messageId, type DeliveryHold, type DeliveryState, type WebhookDelivery } from './webhook-delivery.entity.js';

export class WebhookDeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: deliveryStates, enumName: 'WebhookDeliveryState' })
  @IsOptional()
  @IsIn(deliveryStates)
  state?: DeliveryState;
}

export class WebhookAttemptDto {
  /** Number of the attempt within its delivery or redelivery, from 1. @example 1 */
  @ApiProperty({ type: 'integer' })
  attempt: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 503, description: 'HTTP status of the response; null: no response' })
  status: number | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: '`timeout`, `address_refused` or `connection_failed: CODE`; null: a response arrived' })
  error: string | null;

  /** @example 182 */
  @ApiProperty({ type: 'integer' })
  latencyMs: number;

  @ApiProperty({ type: String, nullable: true, example: 'try again later', description: 'first 1024 bytes of the response body' })
  response: string | null;

  createdAt: Date;
}

export class WebhookDeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Value of the `webhook-id` header; the same in every attempt. @example msg_019a8a5e3f4b7c1d9e2a5b6c7d8e9f00 */
  messageId: string;

  @ApiProperty({ format: 'uuid' })
  endpointId: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null for a ping' })
  eventId: string | null;

  @ApiProperty({ enum: eventTypes, enumName: 'EventType' })
  eventType: EventType;

  @ApiProperty({ enum: deliveryStates, enumName: 'WebhookDeliveryState' })
  state: DeliveryState;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: no further attempt' })
  nextAttemptAt: Date | null;

  /**
   * Why Plumbline holds back a due delivery; no attempts are counted meanwhile. `secrets_key_missing`: no worker has `SECRETS_KEY`.
   * `secret_unreadable`: the endpoint's secret was encrypted with another key.
   */
  @ApiProperty({ enum: deliveryHolds, enumName: 'WebhookDeliveryHold', nullable: true })
  heldBy: DeliveryHold | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;

  /** The request body as sent. @example {"type":"job.succeeded","timestamp":"2026-11-25T12:00:00.000Z","data":{}} */
  body: string;

  @ApiProperty({ type: [WebhookAttemptDto] })
  attempts: WebhookAttemptDto[];

  createdAt: Date;
}

export class WebhookDeliveryPage extends PageOf(WebhookDeliveryDto) {}

export function toDeliveryDto(delivery: WebhookDelivery, attempts: WebhookAttempt[]): WebhookDeliveryDto {
  const { id, endpointId, eventId, eventType, state, nextAttemptAt, heldBy, finishedAt, body, createdAt } = delivery;
  return {
    id,
    messageId: messageId(id),
    endpointId,
    eventId,
    eventType,
    state,
    nextAttemptAt,
    heldBy,
    finishedAt,
    body,
    attempts: attempts.map(({ attempt, status, error, latencyMs, response, createdAt: at }) => {
      return { attempt, status, error, latencyMs, response, createdAt: at };
    }),
    createdAt,
  };
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import type { Verdict } from './retry-schedule.js';
import { WebhookAttempt, WebhookDelivery, type DeliveryHold } from './webhook-delivery.entity.js';
import { sealedPrefix } from './secret-box.js';

/** A claimed delivery with everything needed to send it. */
export interface ClaimedDelivery {
  id: string;
  endpointId: string;
  attempt: number;
  body: string;
  url: string;
  /** As they are kept, newest first. */
  secrets: { id: string; secret: string }[];
}

export interface ClaimRequest {
  owner: string;
  leaseSeconds: number;
  limit: number;
  /** At most so many per endpoint, so that one that is slow does not hold up the others. */
  perEndpoint: number;
  /** Endpoints that have their share. */
  busy: string[];
  /** Whether the sender can open encrypted secrets; without, it leaves their endpoints to others. */
  hasSecretsKey: boolean;
}

/** SQL: whether a secret of the endpoint that signs now is encrypted. */
const needsKey = (endpointId: string): string => `EXISTS (SELECT FROM webhook_secrets s WHERE s.endpoint_id = ${endpointId}
  AND (s.expires_at IS NULL OR s.expires_at > now()) AND starts_with(s.secret, '${sealedPrefix}'))`;

/** Deliveries as their senders see them. Times are the database's: hosts need not agree on the time. */
@Injectable()
export class DeliveryQueueRepository {
  constructor(@InjectRepository(WebhookDelivery) private readonly rows: Repository<WebhookDelivery>) {}

  /** Claims due deliveries: unclaimed ones, and those whose claim expired, for example because the sender was killed. */
  claim({ owner, leaseSeconds, limit, perEndpoint, busy, hasSecretsKey }: ClaimRequest): Promise<ClaimedDelivery[]> {
    return this.rows.query<ClaimedDelivery[]>(
      `WITH due AS (
         SELECT d.id FROM webhook_endpoints e CROSS JOIN LATERAL (
           SELECT id FROM webhook_deliveries
           WHERE endpoint_id = e.id AND state = 'pending' AND next_attempt_at <= now()
             AND (lease_expires_at IS NULL OR lease_expires_at < now())
           ORDER BY next_attempt_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) d
         WHERE e.disabled_at IS NULL AND e.id <> ALL ($5::uuid[]) AND ($6 OR NOT ${needsKey('e.id')})
           AND NOT EXISTS (SELECT FROM vendors v WHERE v.id = e.vendor_id AND v.suspended_at IS NOT NULL) LIMIT $3),
       taken AS (
         UPDATE webhook_deliveries d SET lease_owner = $1, lease_expires_at = now() + make_interval(secs => $2), attempt = attempt + 1,
           held_by = NULL
         FROM due WHERE d.id = due.id RETURNING d.id, d.endpoint_id, d.attempt, d.body)
       SELECT taken.id, endpoint_id AS "endpointId", attempt, body, e.url,
         (SELECT json_agg(json_build_object('id', s.id, 'secret', s.secret) ORDER BY s.created_at DESC, s.id DESC)
          FROM webhook_secrets s WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > now())) AS secrets
       FROM taken JOIN webhook_endpoints e ON e.id = taken.endpoint_id`,
      [owner, leaseSeconds, limit, perEndpoint, busy, hasSecretsKey],
    );
  }

  async addAttempt(tx: Transaction, attempt: Omit<WebhookAttempt, 'id' | 'createdAt'>): Promise<void> {
    await tx.insert(WebhookAttempt, attempt);
  }

  /** Records the outcome, unless the claim was lost. A redelivery requested meanwhile stays requested. */
  async conclude(tx: Transaction, { id, attempt }: Pick<ClaimedDelivery, 'id' | 'attempt'>, owner: string, verdict: Verdict): Promise<void> {
    const delay = verdict.state === 'pending' ? verdict.delaySeconds : null;
    await tx.query(
      `UPDATE webhook_deliveries SET lease_owner = NULL, lease_expires_at = NULL,
         state = CASE WHEN attempt = $3 THEN $4 ELSE state END,
         next_attempt_at = CASE WHEN attempt = $3 THEN now() + make_interval(secs => $5) ELSE next_attempt_at END,
         finished_at = CASE WHEN attempt = $3 AND $4 <> 'pending' THEN now() ELSE finished_at END
       WHERE id = $1 AND lease_owner = $2`,
      [id, owner, attempt, verdict.state, delay],
    );
  }

  /** Drops deliveries, with their attempts, that ended so many days ago. */
  async forget(days: number): Promise<void> {
    await this.rows.query(`DELETE FROM webhook_deliveries WHERE finished_at < now() - make_interval(days => $1)`, [days]);
  }

  /**
   * Deletes events of this age that all consumers have read, that wait for no delivery and are in no delivery log.
   *
   * @returns how many, `limit` at most
   */
  async forgetEvents(tx: Transaction, days: number, limit: number): Promise<number> {
    // The trigger that keeps events refuses any other deletion.
    await tx.query(`SET LOCAL plumbline.retention = 'on'`);
    const [, count]: [unknown, number] = await tx.query(
      // Ids are in order of time: the oldest are looked at first, by the primary key.
      `DELETE FROM domain_events WHERE id IN (
         SELECT e.id FROM domain_events e
         WHERE e.created_at < now() - make_interval(days => $1)
           AND NOT EXISTS (SELECT FROM undelivered_events u WHERE u.event_id = e.id)
           AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.id)
         ORDER BY e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED)`,
      [days, limit],
    );
    return count;
  }

  /** Returns a delivery that could not be sent through a fault of Plumbline: it waits, and no attempt is counted. */
  async hold(id: string, owner: string, heldBy: DeliveryHold, waitSeconds: number): Promise<void> {
    await this.rows.query(
      `UPDATE webhook_deliveries SET lease_owner = NULL, lease_expires_at = NULL, attempt = greatest(attempt - 1, 0),
         held_by = $3, next_attempt_at = now() + make_interval(secs => $4)
       WHERE id = $1 AND lease_owner = $2`,
      [id, owner, heldBy, waitSeconds],
    );
  }

  /** Marks what has been due for so long and can be sent only by a worker with `SECRETS_KEY`; how many were marked. */
  async markKeyless(dueForSeconds: number): Promise<number> {
    const [, count]: [unknown, number] = await this.rows.query(
      `UPDATE webhook_deliveries d SET held_by = 'secrets_key_missing'
       FROM webhook_endpoints e WHERE e.id = d.endpoint_id AND e.disabled_at IS NULL AND ${needsKey('e.id')}
         AND d.state = 'pending' AND d.held_by IS NULL AND d.lease_expires_at IS NULL
         AND d.next_attempt_at < now() - make_interval(secs => $1)`,
      [dueForSeconds],
    );
    return count;
  }

  /** Gives back what was not sent, as if it had not been taken. */
  async release(id: string, owner: string): Promise<void> {
    await this.rows.query(
      `UPDATE webhook_deliveries SET lease_owner = NULL, lease_expires_at = NULL, attempt = greatest(attempt - 1, 0)
       WHERE id = $1 AND lease_owner = $2`,
      [id, owner],
    );
  }
}

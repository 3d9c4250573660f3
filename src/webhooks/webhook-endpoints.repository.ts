import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { WebhookEndpoint, WebhookSecret } from './webhook-endpoint.entity.js';

@Injectable()
export class WebhookEndpointsRepository {
  constructor(@InjectRepository(WebhookEndpoint) private readonly rows: Repository<WebhookEndpoint>) {}

  async insert(tx: Transaction, endpoint: Omit<WebhookEndpoint, 'createdAt'>): Promise<WebhookEndpoint> {
    await tx.insert(WebhookEndpoint, endpoint);
    return tx.findOneByOrFail(WebhookEndpoint, { id: endpoint.id });
  }

  /** @param viewer whose endpoints are seen; null sees all */
  find(viewer: string | null, id: string): Promise<WebhookEndpoint | null> {
    return this.rows.findOneBy({ id, ...(viewer !== null && { vendorId: viewer }) });
  }

  page(viewer: string | null, request: PageRequest, vendorId?: string): Promise<WebhookEndpoint[]> {
    const query = this.rows.createQueryBuilder('endpoint').orderBy('endpoint.id').limit(request.limit + 1);
    if (viewer !== null) query.andWhere('endpoint.vendorId = :viewer', { viewer });
    if (vendorId !== undefined) query.andWhere('endpoint.vendorId = :vendorId', { vendorId });
    if (request.after) query.andWhere('endpoint.id > :after', { after: request.after });
    return query.getMany();
  }

  countOf(tx: Transaction, vendorId: string | null): Promise<number> {
    return tx.countBy(WebhookEndpoint, { vendorId: vendorId ?? IsNull() });
  }

  /** Endpoints that receive events: enabled, and not of a suspended vendor. */
  enabled(tx: Transaction): Promise<WebhookEndpoint[]> {
    return tx
      .createQueryBuilder(WebhookEndpoint, 'endpoint')
      .where('endpoint.disabledAt IS NULL')
      .andWhere('NOT EXISTS (SELECT FROM vendors v WHERE v.id = endpoint.vendor_id AND v.suspended_at IS NOT NULL)')
      .getMany();
  }

  lock(tx: Transaction, id: string): Promise<WebhookEndpoint | null> {
    return tx.findOne(WebhookEndpoint, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async update(tx: Transaction, id: string, change: Partial<WebhookEndpoint>): Promise<WebhookEndpoint> {
    if (Object.keys(change).length > 0) await tx.update(WebhookEndpoint, { id }, change);
    return tx.findOneByOrFail(WebhookEndpoint, { id });
  }

  /** Deletes the endpoint with its secrets and deliveries. */
  async delete(tx: Transaction, id: string): Promise<void> {
    await tx.delete(WebhookEndpoint, { id });
  }

  /** Counts a failure; seconds since the first one after the last success, by the database's clock. */
  async failed(tx: Transaction, id: string): Promise<number> {
    const [rows] = await tx.query<[{ seconds: number }[], number]>(
      `UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()) WHERE id = $1
       RETURNING extract(epoch FROM now() - failing_since)::float8 AS seconds`,
      [id],
    );
    return rows[0].seconds;
  }

  async addSecret(tx: Transaction, secret: Omit<WebhookSecret, 'createdAt' | 'expiresAt'>): Promise<void> {
    await tx.insert(WebhookSecret, secret);
  }

  /** Current secrets keep signing for this long, together with their successor. Expired ones are removed. */
  async expireSecrets(tx: Transaction, endpointId: string, overlapSeconds: number): Promise<void> {
    await tx.query('DELETE FROM webhook_secrets WHERE endpoint_id = $1 AND expires_at <= now()', [endpointId]);
    await tx.query(
      `UPDATE webhook_secrets SET expires_at = least(expires_at, now() + make_interval(secs => $2)) WHERE endpoint_id = $1`,
      [endpointId, overlapSeconds],
    );
  }
}

// Receivers of events. The owner's endpoints receive everything, a vendor's only what concerns the vendor.
import { Inject, Injectable } from '@nestjs/common';
import type { AuditAction } from '#src/auth/audit/audit-actions.js';
import { AuditService } from '#src/auth/audit/audit.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { AddressRefusedError, checkAddress } from '#src/common/network-address.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Database, type Transaction } from '#src/database/database.js';
import { seal } from './secret-box.js';
import { newWebhookSecret } from './signature.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { CreateWebhookEndpointDto, RotateWebhookSecretDto, UpdateWebhookEndpointDto, WebhookEndpointsQuery } from './webhook-endpoints.dto.js';
import { WebhookEndpointsRepository } from './webhook-endpoints.repository.js';

/** Per vendor, and for the owner: each event costs a request per endpoint. */
const maxEndpoints = 20;
const defaultOverlapSeconds = 86_400;

@Injectable()
export class WebhookEndpointsService {
  constructor(
    private readonly database: Database,
    private readonly endpoints: WebhookEndpointsRepository,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async create(auth: AuthContext, dto: CreateWebhookEndpointDto): Promise<WebhookEndpoint & { secret: string }> {
    const url = await this.allowed(dto.url);
    return this.database.transaction(async (tx) => {
      if ((await this.endpoints.countOf(tx, auth.vendorId)) >= maxEndpoints) {
        throw conflict('too_many_webhook_endpoints', `the limit of ${maxEndpoints} endpoints is reached: delete one first`);
      }
      const endpoint = await this.endpoints.insert(tx, {
        id: newId(),
        vendorId: auth.vendorId,
        url,
        description: dto.description ?? null,
        eventTypes: dto.eventTypes ?? [],
        failingSince: null,
        disabledAt: null,
        disabledReason: null,
      });
      const secret = await this.addSecret(tx, endpoint.id);
      await this.note(tx, auth, 'webhook_endpoint.created', endpoint, { eventTypes: endpoint.eventTypes });
      return { ...endpoint, secret };
    });
  }

  async list(auth: AuthContext, query: WebhookEndpointsQuery): Promise<Page<WebhookEndpoint>> {
    const request = pageRequest(query);
    return toPage(await this.endpoints.page(auth.vendorId, request, query.vendorId), request, (endpoint) => endpoint.id);
  }

  async get(auth: AuthContext, id: string): Promise<WebhookEndpoint> {
    const endpoint = await this.endpoints.find(auth.vendorId, id);
    if (!endpoint) throw notFound('webhook_endpoint', id);
    return endpoint;
  }

  async update(auth: AuthContext, id: string, dto: UpdateWebhookEndpointDto): Promise<WebhookEndpoint> {
    await this.get(auth, id);
    const url = dto.url === undefined ? undefined : await this.allowed(dto.url);
    return this.locked(id, async (tx, before) => {
      const change = {
        ...(url !== undefined && { url }),
        ...(dto.description !== undefined && { description: dto.description }),
        ...(dto.eventTypes !== undefined && { eventTypes: dto.eventTypes }),
      };
      if (Object.keys(change).length > 0) await this.note(tx, auth, 'webhook_endpoint.updated', { ...before, ...change }, { fields: Object.keys(change) });
      return this.endpoints.update(tx, id, { ...change, ...(await this.switched(tx, auth, before, dto.enabled)) });
    });
  }

  async delete(auth: AuthContext, id: string): Promise<void> {
    await this.get(auth, id);
    await this.locked(id, async (tx, endpoint) => {
      await this.endpoints.delete(tx, id);
      await this.note(tx, auth, 'webhook_endpoint.deleted', endpoint);
    });
  }

  /** A new secret; deliveries are signed with the old ones too until the overlap is over. */
  async rotateSecret(auth: AuthContext, id: string, dto: RotateWebhookSecretDto): Promise<{ secret: string }> {
    await this.get(auth, id);
    return this.locked(id, async (tx, endpoint) => {
      const overlapSeconds = dto.overlapSeconds ?? defaultOverlapSeconds;
      await this.endpoints.expireSecrets(tx, id, overlapSeconds);
      const secret = await this.addSecret(tx, id);
      await this.note(tx, auth, 'webhook_endpoint.secret_rotated', endpoint, { overlapSeconds });
      return { secret };
    });
  }

  private async switched(tx: Transaction, auth: AuthContext, before: WebhookEndpoint, enabled?: boolean): Promise<Partial<WebhookEndpoint>> {
    if (enabled === undefined || enabled === (before.disabledAt === null)) return {};
    await this.note(tx, auth, enabled ? 'webhook_endpoint.enabled' : 'webhook_endpoint.disabled', before, enabled ? {} : { reason: 'requested' });
    return enabled
      ? { disabledAt: null, disabledReason: null, failingSince: null }
      : { disabledAt: new Date(), disabledReason: 'requested' };
  }

  /** Its row is locked first, in the same order as by the recording of deliveries. */
  private locked<T>(id: string, work: (tx: Transaction, endpoint: WebhookEndpoint) => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      const endpoint = await this.endpoints.lock(tx, id);
      if (!endpoint) throw notFound('webhook_endpoint', id);
      return work(tx, endpoint);
    });
  }

  private async addSecret(tx: Transaction, endpointId: string): Promise<string> {
    const [id, secret] = [newId(), newWebhookSecret()];
    await this.endpoints.addSecret(tx, { id, endpointId, secret: seal(secret, this.config.secretsKey, id) });
    return secret;
  }

  /** A name that resolves to nothing yet may do so later; each delivery looks again. */
  private async allowed(text: string): Promise<string> {
    const url = new URL(text);
    if (url.protocol !== 'https:' && !this.config.allowPrivateWebhooks) {
      throw unprocessable('webhook_url_insecure', '/url', 'https', 'url must start with https://', text);
    }
    try {
      await checkAddress(url, this.config.allowPrivateWebhooks);
    } catch (error) {
      if (error instanceof AddressRefusedError) {
        throw unprocessable('webhook_address_private', '/url', 'publicAddress', `${url.hostname} does not resolve to a public address`, text);
      }
    }
    return url.href;
  }

  /** Only the origin of the URL: receivers put secrets into paths and queries. */
  private note(tx: Transaction, auth: AuthContext, action: AuditAction, { id, url, vendorId }: WebhookEndpoint, more: Record<string, unknown> = {}): Promise<void> {
    const detail = { origin: new URL(url).origin, vendorId, ...more };
    return this.audit.record(tx, auth, { action, resource: { type: 'webhook_endpoint', id }, detail });
  }
}

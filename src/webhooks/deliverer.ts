// One attempt at one delivery: sign, send, write down how it went. A sender killed in between leaves a lease that expires; the next sender
// repeats the delivery with the same id, which is what "at least once" means.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Database } from '#src/database/database.js';
import { DeliveryQueueRepository, type ClaimedDelivery } from './delivery-queue.repository.js';
import { EndpointShutdown } from './endpoint-shutdown.service.js';
import { post, type PostResult } from './http-post.js';
import { judge } from './retry-schedule.js';
import { open, SecretBoxError } from './secret-box.js';
import { signedHeaders } from './signature.js';
import { messageId } from './webhook-delivery.entity.js';
import { WebhookEndpointsRepository } from './webhook-endpoints.repository.js';

/** Delay before a delivery held back by a fault of Plumbline is tried again. */
const holdSeconds = 30;

@Injectable()
export class Deliverer {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly database: Database,
    private readonly queue: DeliveryQueueRepository,
    private readonly endpoints: WebhookEndpointsRepository,
    private readonly shutdown: EndpointShutdown,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** An attempt aborted by the signal is not recorded: the delivery returns unchanged. */
  async deliver(delivery: ClaimedDelivery, owner: string, signal: AbortSignal): Promise<void> {
    let result: PostResult;
    try {
      result = await this.send(delivery, signal);
    } catch (error) {
      // Nothing was sent, through no fault of the receiver.
      this.logger.error(`webhook delivery ${delivery.id} waits: ${(error as Error).message}`);
      return this.queue.hold(delivery.id, owner, error instanceof SecretBoxError ? 'secret_unreadable' : 'internal_error', holdSeconds);
    }
    if (signal.aborted && result.status === null) return this.queue.release(delivery.id, owner);
    await this.record(delivery, owner, result);
  }

  /** @throws SecretBoxError where this process has not the key that a secret was encrypted with */
  private send(delivery: ClaimedDelivery, signal: AbortSignal): Promise<PostResult> {
    const secrets = delivery.secrets.map(({ id, secret }) => open(secret, this.config.secretsKey, id));
    const headers = {
      ...signedHeaders(secrets, messageId(delivery.id), new Date(), delivery.body),
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(delivery.body)),
      'user-agent': 'Plumbline-Webhooks/1',
    };
    return post(new URL(delivery.url), headers, delivery.body, {
      allowPrivate: this.config.allowPrivateWebhooks,
      timeoutMs: this.config.webhookTimeoutSeconds * 1000,
      signal,
    });
  }

  private async record(delivery: ClaimedDelivery, owner: string, result: PostResult): Promise<void> {
    const { id: deliveryId, endpointId, attempt } = delivery;
    await this.database.transaction(async (tx) => {
      // First, as whoever deletes or changes an endpoint does.
      const endpoint = await this.endpoints.lock(tx, endpointId);
      if (!endpoint) return;
      const ok = judge(result, { attempt, failingForSeconds: 0 }).state === 'delivered';
      const failingForSeconds = ok ? 0 : await this.endpoints.failed(tx, endpointId);
      if (ok && endpoint.failingSince !== null) await this.endpoints.update(tx, endpointId, { failingSince: null });
      const verdict = judge(result, { attempt, failingForSeconds });
      await this.queue.addAttempt(tx, { deliveryId, attempt, ...result });
      await this.queue.conclude(tx, delivery, owner, verdict);
      if (verdict.state !== 'delivered' && verdict.disable) await this.shutdown.disable(tx, endpoint, verdict.disable);
    });
  }
}

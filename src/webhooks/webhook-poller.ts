import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Poller } from '#src/common/poller.js';
import { Database } from '#src/database/database.js';
import { Deliverer } from './deliverer.js';
import { DeliveryQueueRepository, type ClaimedDelivery } from './delivery-queue.repository.js';
import { FanOut } from './fan-out.service.js';

const pollMs = 500;
const forgetMs = 3_600_000;
/** How long the log shows what ended. */
const keptDays = 30;
const forgottenAtOnce = 1000;
/** A worker with `SECRETS_KEY` would have taken it by then. */
const keylessAfterSeconds = 30;
const concurrency = 32;
const perEndpoint = 4;
/** A delivery not finished by then is sent again by another worker. */
const graceMs = 3_000;

/** Looks for events and due deliveries in every worker. Any number may do so together: rows are skipped, not awaited. */
@Injectable()
export class WebhookPoller implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  private readonly closing = new AbortController();
  private readonly sending = new Map<Promise<void>, string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly poller = new Poller({
    everyMs: pollMs,
    look: () => this.look(),
    failed: (error) => this.logger.error(`webhooks cannot be sent: ${error.message}`),
    recovered: () => this.logger.log('webhooks are sent again'),
  });
  private closed = false;

  constructor(
    private readonly fanOut: FanOut,
    private readonly queue: DeliveryQueueRepository,
    private readonly deliverer: Deliverer,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timers.push(setInterval(() => void this.forget(), forgetMs));
    if (!this.config.secretsKey) this.timers.push(setInterval(() => void this.tellOfKeyless(), keylessAfterSeconds * 1000));
    this.poller.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    this.timers.forEach(clearInterval);
    const patience = setTimeout(() => this.closing.abort(), graceMs);
    await this.poller.stop();
    await Promise.all(this.sending.keys());
    clearTimeout(patience);
  }

  private async look(): Promise<boolean> {
    while (!this.closed && (await this.fanOut.run()));
    return !this.closed && (await this.takeDue()) > 0;
  }

  /** Warns about deliveries that this worker cannot send and no other worker takes. */
  async tellOfKeyless(): Promise<void> {
    const count = await this.queue.markKeyless(keylessAfterSeconds).catch(() => 0);
    if (count > 0) this.logger.error(`${count} webhook deliveries are waiting for a worker with SECRETS_KEY: their secrets are encrypted, and this worker has no key`);
  }

  private async forget(): Promise<void> {
    await this.queue.forget(keptDays).catch((error: Error) => this.logger.warn(`old webhook deliveries were not deleted: ${error.message}`));
    await this.forgetEvents().catch((error: Error) => this.logger.warn(`old events were not deleted: ${error.message}`));
  }

  /** Some at a time, so that no transaction is long. */
  private async forgetEvents(): Promise<void> {
    const days = this.config.eventRetentionDays;
    if (days === 0) return;
    const drop = () => this.database.transaction((tx) => this.queue.forgetEvents(tx, days, forgottenAtOnce));
    while (!this.closed && (await drop()) === forgottenAtOnce);
  }

  private async takeDue(): Promise<number> {
    const limit = concurrency - this.sending.size;
    if (limit <= 0) return 0;
    // An attempt lasts for its timeout at most; the rest is for a worker that computes in between.
    const leaseSeconds = this.config.webhookTimeoutSeconds + this.config.jobLeaseSeconds;
    const claimed = await this.queue.claim({ owner: this.owner, leaseSeconds, limit, perEndpoint, busy: this.busy(), hasSecretsKey: this.config.secretsKey !== undefined });
    for (const delivery of claimed) this.start(delivery);
    return claimed.length;
  }

  private start(delivery: ClaimedDelivery): void {
    const done: Promise<void> = this.deliverer
      .deliver(delivery, this.owner, this.closing.signal)
      .catch((error: Error) => this.logger.error(`webhook delivery ${delivery.id}: ${error.message}`))
      .finally(() => {
        this.sending.delete(done);
        this.poller.kick();
      });
    this.sending.set(done, delivery.endpointId);
  }

  private busy(): string[] {
    const counts = new Map<string, number>();
    for (const id of this.sending.values()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= perEndpoint).map(([id]) => id);
  }
}

// Whether the Redis that carries the queue is still the one that was given the messages: one that was wiped, or came back
// empty, lacks a key. The relay then sends again what waits, at once and not when the sweep for lost messages comes by.
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { OutboxRepository } from './outbox.repository.js';

const key = 'plumbline:queue-generation';
const lookEveryMs = 2000;

@Injectable()
export class QueueGeneration implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  private redis: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly outbox: OutboxRepository,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.redisUrl) return;
    this.redis = new Redis(this.config.redisUrl, { maxRetriesPerRequest: 0, enableOfflineQueue: false, retryStrategy: (times) => Math.min(1000, 100 * times) });
    // The queue's own connection reports such errors.
    this.redis.on('error', () => undefined);
    let before = false;
    // After an outage, Redis may have lost the last messages.
    this.redis.on('ready', () => {
      if (before) this.look(() => this.outbox.reviveLost(0));
      before = true;
    });
    this.timer = setInterval(() => this.look(() => this.check()), lookEveryMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
    this.redis?.disconnect();
  }

  private look(work: () => Promise<void>): void {
    if (this.redis?.status !== 'ready') return;
    // A Redis that goes away meanwhile is looked at again when it is back.
    this.looking ??= work()
      .catch(() => undefined)
      .finally(() => (this.looking = undefined));
  }

  private async check(): Promise<void> {
    // Only the process that sets the key sends the messages.
    if ((await this.redis!.set(key, new Date().toISOString(), 'NX')) !== 'OK') return;
    await this.outbox.reviveLost(0);
    this.logger.log('the queue in Redis is new: waiting jobs are sent to it again');
  }
}

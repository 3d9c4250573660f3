import { getQueueToken } from '@nestjs/bullmq';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Poller } from '#src/common/poller.js';
import { Complaints } from './complaints.js';
import { JobSignals } from './job-signals.js';
import { queueNames, type QueueName } from './job-types.js';
import { OutboxRepository, type WaitingMessage } from './outbox.repository.js';

const QUEUES = Symbol('queues');
type Queues = ReadonlyMap<QueueName, Queue>;

export const queuesProvider: Provider = {
  provide: QUEUES,
  inject: queueNames.map((name) => getQueueToken(name)),
  useFactory: (...queues: Queue[]): Queues => {
    const complaints = new Complaints(new Logger('Jobs'));
    // Without a listener, every connection error would be printed in full.
    for (const queue of queues) queue.on('error', (error) => complaints.warn(`queue ${queue.name}`, error));
    return new Map(queues.map((queue) => [queue.name as QueueName, queue]));
  },
};

const pollMs = 500;
const sweepMs = 30_000;
/** Between two looks at what a job waits for. */
const awayMs = 10_000;
/** Time after which the message of an unclaimed job is sent again; the queue ignores it if it still has it. */
const lostAfterSeconds = 120;

/**
 * Moves messages from the outbox to the queue: at once when a commit is signalled, and by looking twice a
 * second in case the signal was lost. Any number of processes may do so together.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  private readonly relay = new Poller({
    everyMs: pollMs,
    look: async () => (await this.outbox.dispatch(100, (message) => this.send(message))) > 0,
    failed: (error) => this.logger.error(`messages are not reaching the queue: ${error.message}`),
    recovered: () => this.logger.log('messages are reaching the queue again'),
  });
  private readonly sweep = new Poller({
    everyMs: sweepMs,
    look: () => this.outbox.reviveLost(lostAfterSeconds).then(() => false),
    failed: (error) => this.logger.error(`lost messages are not sent again: ${error.message}`),
  });
  private unsubscribe: () => void = () => undefined;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly signals: JobSignals,
    @Inject(QUEUES) private readonly queues: Queues,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = this.signals.onOutbox(() => this.relay.kick());
    this.relay.start();
    this.sweep.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.unsubscribe();
    await Promise.all([this.relay.stop(), this.sweep.stop()]);
  }

  private async send({ id, jobId, queue, name, attempt, failed }: WaitingMessage): Promise<void> {
    await this.queues.get(queue)!.add(
      name,
      { jobId },
      {
        jobId: id,
        // A job that comes back after an attempt has met trouble: it waits 1, 2, 4... seconds.
        // A job with an error but no attempts waits for an unavailable dependency.
        delay: attempt === 0 ? (failed ? awayMs : 0) : Math.min(60_000, 1000 * 2 ** (attempt - 1)),
        // Finished messages are not kept: otherwise a message could not be sent again under its id.
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
  }
}

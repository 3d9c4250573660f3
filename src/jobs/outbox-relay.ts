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
  private readonly stops: (() => void)[] = [];
  private running: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private failing = false;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly signals: JobSignals,
    @Inject(QUEUES) private readonly queues: Queues,
  ) {}

  onApplicationBootstrap(): void {
    const poll = setInterval(() => this.kick(), pollMs);
    const sweep = setInterval(() => void this.attempt(() => this.outbox.reviveLost(lostAfterSeconds)), sweepMs);
    this.stops.push(this.signals.onOutbox(() => this.kick()), () => clearInterval(poll), () => clearInterval(sweep));
    this.kick();
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    for (const stop of this.stops) stop();
    await this.running;
  }

  private kick(): void {
    this.again = true;
    if (this.closed) return;
    this.running ??= this.drain().finally(() => (this.running = undefined));
  }

  private async drain(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      await this.attempt(async () => {
        const sent = await this.outbox.dispatch(100, (message) => this.send(message));
        this.again ||= sent > 0;
      });
    }
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

  /** Logs once when sending begins to fail and once when it works again. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.failing) this.logger.log('messages are reaching the queue again');
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.error(`messages are not reaching the queue: ${(error as Error).message}`);
      this.failing = true;
    }
  }
}

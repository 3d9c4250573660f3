import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Poller } from '#src/common/poller.js';
import { JobSignals } from '#src/jobs/job-signals.js';
import { LoopAdvancer } from './loop-advancer.js';
import { LoopsRepository } from './loops.repository.js';

/** For ratings, judgements and lost signals; the end of a job is signalled at once. */
const pollMs = 2000;

/** Progress signals of jobs come several times per second and do not concern loops. */
const restMs = 500;

/** Looks after the loops that run, in every worker. Any number may do so together: each step is taken by one. */
@Injectable()
export class LoopPoller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Loops');
  private readonly poller = new Poller({
    everyMs: pollMs,
    restMs,
    look: () => this.look(),
    failed: (error) => this.logger.warn(`loops were not checked: ${error.message}`),
  });
  private unsubscribe: () => void = () => undefined;

  constructor(
    private readonly loops: LoopsRepository,
    private readonly advancer: LoopAdvancer,
    private readonly signals: JobSignals,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = this.signals.onAnyJob(() => this.poller.kick());
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.unsubscribe();
    await this.poller.stop();
  }

  private async look(): Promise<boolean> {
    for (const id of await this.loops.runningIds()) await this.advance(id);
    return false;
  }

  /** A failing loop does not block the others. */
  private async advance(id: string): Promise<void> {
    try {
      await this.advancer.advance(id);
    } catch (error) {
      this.logger.warn(`loop ${id} was not advanced: ${(error as Error).message}`);
    }
  }
}

import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
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
  private readonly stops: (() => void)[] = [];
  private running: Promise<void> | undefined;
  private again = false;
  private closed = false;

  constructor(
    private readonly loops: LoopsRepository,
    private readonly advancer: LoopAdvancer,
    private readonly signals: JobSignals,
  ) {}

  onApplicationBootstrap(): void {
    const poll = setInterval(() => this.kick(), pollMs);
    this.stops.push(this.signals.onAnyJob(() => this.kick()), () => clearInterval(poll));
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
      try {
        for (const id of await this.loops.runningIds()) await this.advance(id);
      } catch (error) {
        this.logger.warn(`loops were not checked: ${(error as Error).message}`);
      }
      if (!this.closed) await setTimeout(restMs);
    }
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

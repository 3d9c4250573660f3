// Advances loops: one step is one transaction that locks the loop's row. A process that dies in the middle leaves
// nothing of its step; another one takes the same step again.
import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '#src/database/database.js';
import { EventsService } from '#src/events/events.service.js';
import type { Job } from '#src/jobs/job.entity.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { AnswerStages } from './answer-stages.js';
import { DecideStages } from './decide-stages.js';
import { LearnStages } from './learn-stages.js';
import { jobFailure, lackOfJob, lastingProblem } from './loop-failure.js';
import type { LoopIteration } from './loop-iteration.entity.js';
import { nextState, nextStatus, type LoopOutcome, type LoopState } from './loop-state.js';
import type { Loop } from './loop.entity.js';
import { LoopsRepository } from './loops.repository.js';
import type { StageResult, StageWork } from './stage.js';

@Injectable()
export class LoopAdvancer {
  private readonly work: Readonly<Record<LoopState, StageWork>>;

  constructor(
    private readonly database: Database,
    private readonly loops: LoopsRepository,
    private readonly jobs: JobsService,
    private readonly events: EventsService,
    answer: AnswerStages,
    learn: LearnStages,
    decide: DecideStages,
  ) {
    this.work = {
      generate: (task) => answer.generate(task),
      select: (task) => answer.select(task),
      awaiting_ratings: (task) => answer.awaitRatings(task),
      pairs: (task) => learn.pairs(task),
      reward: (task) => learn.reward(task),
      train: (task) => learn.train(task),
      compare: (task) => decide.compare(task),
      awaiting_judgements: (task) => decide.awaitJudgements(task),
      promote: (task) => decide.promote(task),
      hold: (task) => decide.hold(task),
      done: () => Promise.resolve(null),
    };
  }

  /** Advances the loop as far as possible now. */
  async advance(loopId: string): Promise<void> {
    while (await this.step(loopId));
  }

  /** One step; false if there is nothing to do now or another process is doing it. */
  async step(loopId: string): Promise<boolean> {
    try {
      return await this.database.transaction((tx) => this.stepIn(tx, loopId));
    } catch (error) {
      const problem = lastingProblem(error);
      if (!problem) throw error;
      await this.database.transaction(async (tx) => {
        const loop = await this.loops.lockRunning(tx, loopId);
        if (!loop) return;
        await this.loops.change(tx, loop, { status: nextStatus(loop.status, 'fail')!, error: problem });
        await this.events.emit(tx, { type: 'loop.failed', data: { loopId, iteration: loop.iteration }, vendorIds: [] });
      });
      return false;
    }
  }

  private async stepIn(tx: Transaction, loopId: string): Promise<boolean> {
    const loop = await this.loops.lockRunning(tx, loopId);
    if (!loop) return false;
    const job = loop.jobId === null ? null : await this.jobs.get({ vendorId: null }, loop.jobId);
    if (job && (await this.waitsFor(tx, loop, job))) return false;
    const iteration = await this.loops.iteration(tx, loop.id, loop.iteration);
    const lack = job ? lackOfJob(job) : undefined;
    const result = await this.work[loop.state]({ tx, loop, iteration, lack });
    if (!result) return false;
    await this.record(tx, loop, iteration, result);
    return true;
  }

  /** @throws LoopFailure when the job failed, except for lack of data, which the state handles */
  private async waitsFor(tx: Transaction, loop: Loop, job: Job): Promise<boolean> {
    if (job.state === 'succeeded' || lackOfJob(job)) return false;
    if (job.state === 'failed' || job.state === 'cancelled') throw jobFailure(job);
    if (job.state === 'paused' && loop.pausedJobId === job.id) {
      await this.jobs.actIn(tx, job.id, 'resume');
      await this.loops.change(tx, loop, { pausedJobId: null });
    }
    return true;
  }

  private async record(tx: Transaction, loop: Loop, iteration: LoopIteration, result: StageResult): Promise<void> {
    const { outcome } = result;
    const to = outcome && nextState(loop.state, outcome);
    if (outcome && !to) throw new Error(`a loop in state ${loop.state} cannot come to '${outcome}'`);
    await this.loops.changeIteration(tx, iteration, {
      ...result.iteration,
      figures: { ...iteration.figures, ...result.figures },
      ...((to === 'promote' || to === 'hold') && { reason: outcome }),
      ...(leaves(outcome) && { finishedAt: () => 'now()' }),
    });
    const changed = await this.loops.change(tx, loop, {
      ...result.loop,
      jobId: result.jobId ?? null,
      ...(to && { state: to }),
      ...(outcome === 'next_iteration' && { iteration: loop.iteration + 1 }),
      ...(outcome === 'last_iteration' && { status: nextStatus(loop.status, 'complete')!, finishedAt: () => 'now()' }),
    });
    if (!outcome || !to) return;
    const { state: from, iteration: number } = loop;
    await this.loops.addTransition(tx, { loopId: loop.id, ordinal: changed.version, iteration: number, from, to, outcome });
    if (outcome === 'next_iteration') await this.loops.addIteration(tx, loop.id, number + 1, changed.currentVersionId);
    await this.tell(tx, loop, to, outcome, result.iteration?.labelingBatchId ?? iteration.labelingBatchId);
  }

  private async tell(tx: Transaction, { id: loopId, iteration }: Loop, to: LoopState, outcome: LoopOutcome, labelingBatchId: string | null): Promise<void> {
    const data = { loopId, iteration };
    if (to === 'awaiting_ratings')
      await this.events.emit(tx, { type: 'loop.awaiting_ratings', data: { ...data, labelingBatchId }, vendorIds: [] });
    if (leaves(outcome)) await this.events.emit(tx, { type: 'loop.iteration_completed', data, vendorIds: [] });
    if (outcome === 'last_iteration') await this.events.emit(tx, { type: 'loop.stopped', data, vendorIds: [] });
  }
}

/** Whether the iteration is over. */
const leaves = (outcome: LoopOutcome | undefined): boolean => outcome === 'next_iteration' || outcome === 'last_iteration';

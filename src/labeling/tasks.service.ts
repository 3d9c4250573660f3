// What a labeler does to a task that is leased: keep it, give it back, pass. (Answers: task-submissions.service.ts.)
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { notFound } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { refuseOtherBatch } from './labeler-name.js';
import { LabelingBatchesRepository } from './labeling-batches.repository.js';
import { LabelingBatchesService } from './labeling-batches.service.js';
import { taskProblem } from './task-problems.js';
import type { TaskAction } from './task-state.js';
import { leaseBounds, type LeaseTimeDto, type SkipTaskDto, type TaskDto, type TasksQuery } from './tasks.dto.js';
import { TasksRepository, type TaskRow } from './tasks.repository.js';

@Injectable()
export class TasksService {
  constructor(
    private readonly database: Database,
    private readonly tasks: TasksRepository,
    private readonly batches: LabelingBatchesRepository,
    private readonly batchesService: LabelingBatchesService,
  ) {}

  async list(auth: AuthContext, batchId: string, query: TasksQuery): Promise<Page<TaskDto>> {
    refuseOtherBatch(auth, batchId);
    await this.batchesService.find(auth, batchId);
    const filter = { state: query.state, labelerId: auth.labelerId ?? query.labelerId };
    const request = pageRequest(query);
    const page = toPage(await this.tasks.page(auth.vendorId, batchId, filter, request), request, (task) => task.id);
    return { ...page, data: page.data.map(taskDto) };
  }

  /** @throws ProblemException 404, also for a task that is not of the caller's labelers */
  async find(auth: AuthContext, id: string): Promise<TaskRow> {
    const task = await this.tasks.find(auth.vendorId, id);
    const hidden = task && auth.labelerId && (task.labelerId !== auth.labelerId || (auth.labelingBatchId && auth.labelingBatchId !== task.batchId));
    if (!task || hidden) throw notFound('task', id);
    return task;
  }

  /** @throws ProblemException 409 as of `allowed` */
  async heartbeat(auth: AuthContext, id: string, dto: LeaseTimeDto): Promise<TaskDto> {
    await this.allowed(auth, id, 'heartbeat');
    const until = await this.tasks.extend(id, dto.ttlSeconds ?? leaseBounds.ttlSeconds.default);
    if (!until) await this.lost(auth, id, 'heartbeat');
    return taskDto(await this.find(auth, id));
  }

  release(auth: AuthContext, id: string): Promise<TaskDto> {
    return this.giveBack(auth, id, 'release', null);
  }

  skip(auth: AuthContext, id: string, dto: SkipTaskDto): Promise<TaskDto> {
    return this.giveBack(auth, id, 'skip', dto.reason);
  }

  /** @throws ProblemException 409 `task_not_leased_by_you`, `task_lease_expired`, `task_already_completed`, `labeling_batch_closed` */
  async allowed(auth: AuthContext, id: string, action: TaskAction, labelerId?: string): Promise<TaskRow> {
    const task = await this.find(auth, id);
    const problem = taskProblem(task, action, { vendorId: auth.vendorId, labelerId });
    if (problem) throw problem;
    return task;
  }

  /** For a lease that was there a moment ago and is no longer: says what became of it. */
  async lost(auth: AuthContext, id: string, action: TaskAction): Promise<never> {
    await this.allowed(auth, id, action);
    throw new Error(`the lease of task ${id} was found over and is not`);
  }

  private async giveBack(auth: AuthContext, id: string, action: 'release' | 'skip', reason: string | null): Promise<TaskDto> {
    const { batchId } = await this.allowed(auth, id, action);
    const done = await this.database.transaction(async (tx) => {
      await this.batches.lockState(tx, batchId);
      return this.tasks.giveBack(tx, id, action === 'release' ? 'released' : 'skipped', reason);
    });
    if (!done) await this.lost(auth, id, action);
    return taskDto(await this.find(auth, id));
  }
}

/** Field by field, so that what a labeler may not know does not slip into an answer. */
export function taskDto(row: TaskRow): TaskDto {
  const { id, batchId, mode, state, labelerId, leasedAt, leaseExpiresAt, finishedAt, reason, prompt, completions } = row;
  return { id, batchId, mode, state, labelerId, leasedAt, leaseExpiresAt, finishedAt, reason, prompt, completions };
}

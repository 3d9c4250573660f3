// Loops as their owners see them. What moves them on is in `loop-advancer.ts`.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { EventsService } from '#src/events/events.service.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { LabelingBatchesService } from '#src/labeling/labeling-batches.service.js';
import { completeLoop } from './loop-defaults.js';
import { LoopInputs } from './loop-inputs.js';
import { LoopPromptsRepository } from './loop-prompts.repository.js';
import { nextStatus, type LoopAction } from './loop-state.js';
import type { Loop } from './loop.entity.js';
import type { CreateLoopDto, LoopDto } from './loops.dto.js';
import { LoopsRepository } from './loops.repository.js';

/** Problem codes of what a loop's status does not allow. */
const refusals = { pause: 'loop_not_running', resume: 'loop_not_resumable', stop: 'loop_finished' } as const;

@Injectable()
export class LoopsService {
  constructor(
    private readonly database: Database,
    private readonly loops: LoopsRepository,
    private readonly batches: LoopPromptsRepository,
    private readonly inputs: LoopInputs,
    private readonly labeling: LabelingBatchesService,
    private readonly jobs: JobsService,
    private readonly events: EventsService,
  ) {}

  /** @throws ProblemException as `LoopInputs.check`; 409 `loop_name_taken`, `loop_alias_in_use` */
  async create(auth: AuthContext, dto: CreateLoopDto): Promise<LoopDto> {
    const config = completeLoop(dto);
    const policyId = await this.inputs.check(dto, config);
    const { name, alias = 'best', policyVersionId, criterionVersionId, promptSetId, heldOutPromptSetId } = dto;
    const row = {
      id: newId(), name, policyId, alias, config, criterionVersionId, promptSetId, heldOutPromptSetId,
      firstVersionId: policyVersionId, currentVersionId: policyVersionId,
      status: 'running', state: 'generate', iteration: 1, apiKeyId: auth.keyId,
    } as const;
    try {
      return view(await this.database.transaction((tx) => this.loops.insert(tx, row)));
    } catch (error) {
      const broken = brokenUnique(error);
      if (!broken) throw error;
      if (broken === 'loops_one_per_alias') throw conflict('loop_alias_in_use', `another active loop uses the alias '${alias}'`);
      throw conflict('loop_name_taken', `another loop has the name '${name}'`);
    }
  }

  async get(id: string): Promise<LoopDto> {
    return view(await this.find(id));
  }

  async list(query: PageQuery): Promise<Page<LoopDto>> {
    const request = pageRequest(query);
    const page = toPage(await this.loops.page(request), request, (loop) => loop.id);
    return { ...page, data: page.data.map(view) };
  }

  /** Pauses the loop. Nothing new is started; a running job pauses at its next step boundary and keeps its progress. */
  pause(id: string): Promise<LoopDto> {
    return this.act(id, 'pause', async (tx, loop) => {
      const paused = loop.jobId !== null && (await this.jobs.actIn(tx, loop.jobId, 'pause'));
      return { pausedJobId: paused ? loop.jobId : null };
    });
  }

  /** Resumes a paused loop, or retries what failed. */
  resume(id: string): Promise<LoopDto> {
    return this.act(id, 'resume', async (tx, loop) => {
      const failed = loop.status === 'failed' ? loop.error?.jobId : null;
      // A job that was retried manually keeps running.
      if (failed) await this.jobs.actIn(tx, failed, 'retry');
      return { error: null };
    });
  }

  /** Stops the loop permanently. A running job is cancelled, the labeling batch closed; results are kept. */
  stop(id: string): Promise<LoopDto> {
    return this.act(id, 'stop', async (tx, loop) => {
      if (loop.jobId !== null) await this.jobs.actIn(tx, loop.jobId, 'cancel');
      for (const batchId of await this.batches.labelingBatches(tx, loop.id, loop.iteration)) await this.labeling.closeIn(tx, batchId);
      const data = { loopId: loop.id, iteration: loop.iteration };
      await this.events.emit(tx, { type: 'loop.stopped', data, vendorIds: [] });
      return { finishedAt: () => 'now()' };
    });
  }

  async find(id: string): Promise<Loop> {
    const loop = await this.loops.find(id);
    if (!loop) throw notFound('loop', id);
    return loop;
  }

  private async act(
    id: string,
    action: LoopAction & keyof typeof refusals,
    change: (tx: Transaction, loop: Loop) => Promise<Parameters<LoopsRepository['change']>[2]>,
  ): Promise<LoopDto> {
    return this.database.transaction(async (tx) => {
      const loop = await this.loops.lock(tx, id);
      if (!loop) throw notFound('loop', id);
      const status = nextStatus(loop.status, action);
      if (!status) throw conflict(refusals[action], `loop ${id} is ${loop.status}`);
      return view(await this.loops.change(tx, loop, { ...(await change(tx, loop)), status }));
    });
  }
}

function view({ config, apiKeyId: _, pausedJobId: __, ...loop }: Loop): LoopDto {
  return { ...loop, ...config } as LoopDto;
}

// Claims: a labeler asks a batch for work and gets leases. Leases that are over come back by the sweeper, and at once
// where a claim finds the queue empty.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { conflict, unprocessable } from '#src/common/problem.js';
import { brokenUnique } from '#src/database/errors.js';
import { LabelersService } from '#src/ratings/labelers.service.js';
import { labelerName, refuseOtherBatch, type LabelerName } from './labeler-name.js';
import { LabelingBatchesService } from './labeling-batches.service.js';
import { LeasesService } from './leases.service.js';
import { TaskClaimsRepository, type Claim } from './task-claims.repository.js';
import { TaskCriteriaService } from './task-criteria.service.js';
import { taskDto } from './tasks.service.js';
import { leaseBounds, type ClaimedTasksDto, type ClaimTasksDto } from './tasks.dto.js';
import type { TaskRow } from './tasks.repository.js';

/** Claims of one labeler that take the same item at the same time; more at once is nobody's habit. */
const attempts = 10;

@Injectable()
export class TaskClaimsService {
  constructor(
    private readonly claims: TaskClaimsRepository,
    private readonly leases: LeasesService,
    private readonly batches: LabelingBatchesService,
    private readonly labelers: LabelersService,
    private readonly criteria: TaskCriteriaService,
  ) {}

  /**
   * @throws ProblemException 404 `labeling_batch_not_found`; 409 `labeling_batch_closed`, `labeling_batch_completed`;
   *   422 `labeler_not_found`
   */
  async claim(auth: AuthContext, batchId: string, dto: ClaimTasksDto): Promise<ClaimedTasksDto> {
    refuseOtherBatch(auth, batchId);
    const labeler = labelerName(auth, dto);
    const claim = {
      batchId,
      labeler,
      vendorId: auth.vendorId,
      k: dto.k ?? leaseBounds.k.default,
      ttlSeconds: dto.ttlSeconds ?? leaseBounds.ttlSeconds.default,
    };
    let rows = await this.take(claim);
    if (rows.length === 0) {
      await this.check(auth, batchId, labeler);
      if ((await this.leases.expire(batchId)) > 0) rows = await this.take(claim);
    }
    const versionId = rows[0]?.criterionVersionId ?? (await this.batches.find(auth, batchId)).criterionVersionId;
    return { criterion: await this.criteria.get(versionId), tasks: rows.map(taskDto) };
  }

  /** Asks again while something comes: an item's second slot in the walk makes a claim fall short. */
  private async take(claim: Claim): Promise<TaskRow[]> {
    const rows: TaskRow[] = [];
    while (rows.length < claim.k) {
      const more = await this.once({ ...claim, k: claim.k - rows.length });
      if (more.length === 0) break;
      rows.push(...more);
    }
    return rows;
  }

  private async once(claim: Claim): Promise<TaskRow[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.claims.claim(claim);
      } catch (error) {
        if (brokenUnique(error) !== 'labeling_tasks_once' || attempt >= attempts) throw error;
      }
    }
  }

  private async check(auth: AuthContext, batchId: string, labeler: LabelerName): Promise<void> {
    const batch = await this.batches.find(auth, batchId);
    if (!(await this.labelers.findOwn(auth, labeler))) {
      const pointer = 'id' in labeler ? '/labelerId' : '/labelerExternalId';
      throw unprocessable('labeler_not_found', pointer, 'exists', 'no such labeler', 'id' in labeler ? labeler.id : labeler.externalId);
    }
    if (batch.state === 'open') return;
    const message = `labeling batch ${batchId} is ${batch.state}`;
    throw conflict(`labeling_batch_${batch.state}`, message, [{ pointer: '', rule: 'open', message, value: batch.state }]);
  }
}

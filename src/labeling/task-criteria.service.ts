import { Injectable } from '@nestjs/common';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import type { CriterionVersion } from '#src/ratings/criterion-version.entity.js';

const capacity = 1000;

export interface TaskCriterion extends Pick<CriterionVersion, 'instructions' | 'scale' | 'dimensions'> {
  criterionVersionId: string;
  name: string;
}

/** Criterion versions as labelers see them. A published one never changes: it is asked for once. */
@Injectable()
export class TaskCriteriaService {
  private readonly cache = new Map<string, TaskCriterion>();

  constructor(private readonly criteria: CriteriaService) {}

  async get(criterionVersionId: string): Promise<TaskCriterion> {
    const kept = this.cache.get(criterionVersionId);
    if (kept) return kept;
    const version = await this.criteria.getVersion(criterionVersionId);
    const { name } = await this.criteria.get(version.criterionId);
    const { instructions, scale, dimensions } = version;
    const criterion: TaskCriterion = { criterionVersionId, name, instructions, scale, dimensions };
    if (version.state === 'published') {
      if (this.cache.size >= capacity) this.cache.clear();
      this.cache.set(criterionVersionId, criterion);
    }
    return criterion;
  }
}

import { Injectable } from '@nestjs/common';
import { CriteriaRepository } from './criteria.repository.js';
import type { CriterionVersion } from './criterion-version.entity.js';

const capacity = 1000;

/** Criterion versions for the write path of ratings. A published one never changes: it is asked for once. */
@Injectable()
export class PublishedVersions {
  private readonly cache = new Map<string, CriterionVersion>();

  constructor(private readonly criteria: CriteriaRepository) {}

  /**
   * Versions by id, drafts among them; an unknown id has no entry.
   *
   * @param vendorId for whom versions are there that its batches are rated by; null is the owner, for whom all are
   */
  async get(ids: Iterable<string>, vendorId: string | null = null): Promise<Map<string, CriterionVersion>> {
    if (vendorId !== null) ids = await this.criteria.versionsOfVendor([...new Set(ids)], vendorId);
    const found = new Map<string, CriterionVersion>();
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      const version = this.cache.get(id);
      if (version) found.set(id, version);
      else missing.push(id);
    }
    for (const version of missing.length > 0 ? await this.criteria.findVersions(missing) : []) {
      found.set(version.id, version);
      if (version.state === 'published') this.keep(version);
    }
    return found;
  }

  private keep(version: CriterionVersion): void {
    if (this.cache.size >= capacity) this.cache.clear();
    this.cache.set(version.id, version);
  }
}

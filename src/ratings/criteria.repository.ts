import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { Criterion } from './criterion.entity.js';
import { CriterionVersion } from './criterion-version.entity.js';
import { ratedBy } from './vendor-view.js';

/** What a publication rests on. */
export type Publication = Pick<CriterionVersion, 'pilotId' | 'agreement' | 'overrideReason'>;

@Injectable()
export class CriteriaRepository {
  constructor(
    @InjectRepository(Criterion) private readonly criteria: Repository<Criterion>,
    @InjectRepository(CriterionVersion) private readonly versions: Repository<CriterionVersion>,
  ) {}

  async insert(criterion: Omit<Criterion, 'createdAt'>): Promise<Criterion> {
    await this.criteria.insert(criterion);
    return this.criteria.findOneByOrFail({ id: criterion.id });
  }

  find(id: string): Promise<Criterion | null> {
    return this.criteria.findOneBy({ id });
  }

  findByName(name: string): Promise<Criterion | null> {
    return this.criteria.findOneBy({ name });
  }

  page(request: PageRequest, name?: string): Promise<Criterion[]> {
    const query = this.criteria.createQueryBuilder('criterion').orderBy('criterion.id').limit(request.limit + 1);
    if (request.after) query.andWhere('criterion.id > :after', { after: request.after });
    if (name !== undefined) query.andWhere('criterion.name = :name', { name });
    return query.getMany();
  }

  /** Versions of one criterion are numbered one transaction after the other: its row is the lock. */
  lock(tx: Transaction, id: string): Promise<Criterion | null> {
    return tx.findOne(Criterion, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async insertNextVersion(
    tx: Transaction,
    version: Omit<CriterionVersion, 'number' | 'createdAt'>,
  ): Promise<CriterionVersion> {
    const last = await tx.maximum(CriterionVersion, 'number', { criterionId: version.criterionId });
    await tx.insert(CriterionVersion, { ...version, number: (last ?? 0) + 1 });
    return tx.findOneByOrFail(CriterionVersion, { id: version.id });
  }

  findVersion(id: string): Promise<CriterionVersion | null> {
    return this.versions.findOneBy({ id });
  }

  /** Those of these versions that batches of the vendor are rated by. */
  async versionsOfVendor(ids: string[], vendorId: string | null): Promise<string[]> {
    const found = await this.versions.query<{ id: string }[]>(
      `SELECT v.id FROM criterion_versions v WHERE v.id = ANY ($1::uuid[]) AND ${ratedBy('v.id', 2)}`,
      [ids, vendorId],
    );
    return found.map(({ id }) => id);
  }

  findVersions(ids: string[]): Promise<CriterionVersion[]> {
    return this.versions.findBy({ id: In(ids) });
  }

  findVersionByNumber(criterionId: string, number: number): Promise<CriterionVersion | null> {
    return this.versions.findOneBy({ criterionId, number });
  }

  versionPage(criterionId: string, request: PageRequest): Promise<CriterionVersion[]> {
    const query = this.versions
      .createQueryBuilder('version')
      .where('version.criterionId = :criterionId', { criterionId })
      .orderBy('version.id')
      .limit(request.limit + 1);
    if (request.after) query.andWhere('version.id > :after', { after: request.after });
    return query.getMany();
  }

  findVersionIn(tx: Transaction, id: string): Promise<CriterionVersion> {
    return tx.findOneByOrFail(CriterionVersion, { id });
  }

  /** False when the version was published already; it is then left as it is. */
  async publish(tx: Transaction, id: string, rests: Publication): Promise<boolean> {
    const done = await tx.update(CriterionVersion, { id, state: 'draft' }, { state: 'published', publishedAt: () => 'now()', ...rests });
    return done.affected === 1;
  }
}

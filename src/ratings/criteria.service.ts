import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import type { CreateCriterionDto, CreateCriterionVersionDto, CriteriaQuery } from './criteria.dto.js';
import { CriteriaRepository } from './criteria.repository.js';
import type { Criterion } from './criterion.entity.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import { unorderedLevel } from './scale.js';

@Injectable()
export class CriteriaService {
  constructor(
    private readonly database: Database,
    private readonly criteria: CriteriaRepository,
  ) {}

  async create(dto: CreateCriterionDto): Promise<Criterion> {
    try {
      return await this.criteria.insert({ id: newId(), name: dto.name });
    } catch (error) {
      if (!brokenUnique(error)) throw error;
      const existing = await this.criteria.findByName(dto.name);
      throw conflict('criterion_exists', `criterion ${existing?.id} has this name already`, [
        { pointer: '/name', rule: 'unique', message: `taken by criterion ${existing?.id}`, value: dto.name },
      ]);
    }
  }

  async list(query: CriteriaQuery): Promise<Page<Criterion>> {
    const request = pageRequest(query);
    return toPage(await this.criteria.page(request, query.name), request, (criterion) => criterion.id);
  }

  async get(id: string): Promise<Criterion> {
    const criterion = await this.criteria.find(id);
    if (!criterion) throw notFound('criterion', id);
    return criterion;
  }

  async createVersion(criterionId: string, dto: CreateCriterionVersionDto): Promise<CriterionVersion> {
    const fault = unorderedLevel(dto.scale);
    if (fault !== null) {
      const message = 'each level of the scale must have a greater value than the level before it';
      throw unprocessable('scale_not_increasing', `/scale/${fault}/value`, 'increasing', message, dto.scale[fault].value);
    }
    return this.database.transaction(async (tx) => {
      if (!(await this.criteria.lock(tx, criterionId))) throw notFound('criterion', criterionId);
      return this.criteria.insertNextVersion(tx, {
        id: newId(),
        criterionId,
        instructions: dto.instructions,
        scale: dto.scale.map(({ value, label, description }) => ({ value, label, ...(description && { description }) })),
        dimensions:
          dto.dimensions?.map(({ name, weight, instructions }) => ({ name, weight, ...(instructions && { instructions }) })) ?? null,
        state: dto.publish ? 'published' : 'draft',
        publishedAt: dto.publish ? new Date() : null,
      });
    });
  }

  async listVersions(criterionId: string, query: PageQuery): Promise<Page<CriterionVersion>> {
    await this.get(criterionId);
    const request = pageRequest(query);
    return toPage(await this.criteria.versionPage(criterionId, request), request, (version) => version.id);
  }

  findVersion(id: string): Promise<CriterionVersion | null> {
    return this.criteria.findVersion(id);
  }

  async getVersion(id: string): Promise<CriterionVersion> {
    const version = await this.findVersion(id);
    if (!version) throw notFound('criterion_version', id);
    return version;
  }

  /** Publishing twice is the same as publishing once. */
  async publish(criterionId: string, number: number): Promise<CriterionVersion> {
    await this.get(criterionId);
    const version = await this.criteria.findVersionByNumber(criterionId, number);
    if (!version) throw notFound('criterion_version', String(number));
    await this.criteria.publish(version.id);
    return this.getVersion(version.id);
  }
}

import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable, type ProblemException } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { EventsService } from '#src/events/events.service.js';
import type { CreateCriterionDto, CreateCriterionVersionDto, CriteriaQuery, ScaleLevelDto } from './criteria.dto.js';
import { CriteriaRepository, type Publication } from './criteria.repository.js';
import type { Criterion } from './criterion.entity.js';
import type { CriterionVersion } from './criterion-version.entity.js';
import { unorderedLevel, type ScaleLevel } from './scale.js';

@Injectable()
export class CriteriaService {
  constructor(
    private readonly database: Database,
    private readonly criteria: CriteriaRepository,
    private readonly events: EventsService,
  ) {}

  async create(dto: CreateCriterionDto): Promise<Criterion> {
    try {
      return await this.criteria.insert({ id: newId(), name: dto.name, minimumAgreement: dto.minimumAgreement ?? null });
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
      const criterion = await this.criteria.lock(tx, criterionId);
      if (!criterion) throw notFound('criterion', criterionId);
      if (dto.publish && criterion.minimumAgreement !== null) throw needsPilot(criterion.minimumAgreement);
      const version = await this.criteria.insertNextVersion(tx, {
        id: newId(),
        criterionId,
        instructions: dto.instructions,
        scale: dto.scale.map(toLevel),
        dimensions:
          dto.dimensions?.map(({ name, weight, instructions }) => ({ name, weight, ...(instructions && { instructions }) })) ?? null,
        state: dto.publish ? 'published' : 'draft',
        publishedAt: dto.publish ? new Date() : null,
        pilotId: null,
        agreement: null,
        overrideReason: null,
      });
      if (dto.publish) await this.announce(tx, version);
      return version;
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

  /** For a vendor, versions that its batches are rated by; others are not there. */
  async getVersionFor(auth: AuthContext, id: string): Promise<CriterionVersion> {
    if (auth.vendorId !== null && (await this.criteria.versionsOfVendor([id], auth.vendorId)).length === 0) throw notFound('criterion_version', id);
    return this.getVersion(id);
  }

  async getVersion(id: string): Promise<CriterionVersion> {
    const version = await this.findVersion(id);
    if (!version) throw notFound('criterion_version', id);
    return version;
  }

  async getVersionByNumber(criterionId: string, number: number): Promise<CriterionVersion> {
    await this.get(criterionId);
    const version = await this.criteria.findVersionByNumber(criterionId, number);
    if (!version) throw notFound('criterion_version', String(number));
    return version;
  }

  /** For a vendor, a criterion of whose version none of its batches is rated by is not there. */
  async getVersionByNumberFor(auth: AuthContext, criterionId: string, number: number): Promise<CriterionVersion> {
    if (auth.vendorId === null) return this.getVersionByNumber(criterionId, number);
    const version = await this.criteria.findVersionByNumber(criterionId, number);
    const seen = version ? await this.criteria.versionsOfVendor([version.id], auth.vendorId) : [];
    if (!version || seen.length === 0) throw notFound('criterion', criterionId);
    return version;
  }

  getVersionIn(tx: Transaction, id: string): Promise<CriterionVersion> {
    return this.criteria.findVersionIn(tx, id);
  }

  /** Whether it may be is for `PublishingService` to say. False when it was published already. */
  async publishIn(tx: Transaction, version: CriterionVersion, rests: Publication): Promise<boolean> {
    const published = await this.criteria.publish(tx, version.id, rests);
    if (published) await this.announce(tx, version);
    return published;
  }

  private async announce(tx: Transaction, { id, criterionId }: CriterionVersion): Promise<void> {
    const data = { criterionId, criterionVersionId: id };
    await this.events.emit(tx, { type: 'criterion_version.published', data, vendorIds: [] });
  }
}

function toLevel({ value, label, description, anchors }: ScaleLevelDto): ScaleLevel {
  return { value, label, ...(description && { description }), ...(anchors && anchors.length > 0 && { anchors: anchors.map((anchor) => ({ ...anchor })) }) };
}

function needsPilot(minimumAgreement: number): ProblemException {
  const message = `the criterion asks for a pilot that finds an agreement of ${minimumAgreement}: leave publish out, pilot the draft, then publish it`;
  return conflict('pilot_missing', message, [{ pointer: '/publish', rule: 'piloted', message, value: 'true' }]);
}

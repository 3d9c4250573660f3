// A draft is tried out before it is published: a small labeling batch, several labelers per completion, and a report of
// where they differ.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { LabelingBatchesService } from '#src/labeling/labeling-batches.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import type { CriterionVersion } from '#src/ratings/criterion-version.entity.js';
import { AgreementService } from './agreement.service.js';
import type { Pilot } from './pilot.entity.js';
import type { CreatePilotDto, PilotDisagreementDto, PilotReportDto } from './pilots.dto.js';
import { PilotsRepository, type Dispute } from './pilots.repository.js';
import { conventionalMinimum, pilotAgreement, publishingGate, type PilotFinding } from './publishing-gate.js';

const disputeLimit = 10;

@Injectable()
export class PilotsService {
  constructor(
    private readonly database: Database,
    private readonly pilots: PilotsRepository,
    private readonly criteria: CriteriaService,
    private readonly batches: LabelingBatchesService,
    private readonly agreement: AgreementService,
  ) {}

  /** @throws ProblemException 409 `criterion_version_published`, and those of a labeling batch */
  async create(criterionId: string, number: number, { labelersPerItem, name, mode, ...selection }: CreatePilotDto): Promise<Pilot> {
    const version = await this.criteria.getVersionByNumber(criterionId, number);
    if (version.state === 'published') {
      const message = `version ${number} is published, and stays as it is: pilot a draft`;
      throw conflict('criterion_version_published', message, [{ pointer: '', rule: 'draft', message, value: version.id }]);
    }
    const criterion = await this.criteria.get(criterionId);
    return this.database.transaction(async (tx) => {
      const batch = await this.batches.createIn(tx, {
        ...selection,
        name: name ?? `${criterion.name} ${number}, pilot`.slice(-200),
        mode: mode ?? 'rate',
        criterionVersionId: version.id,
        purpose: 'pilot',
        overlap: labelersPerItem ?? 3,
      });
      return this.pilots.insert(tx, { id: newId(), criterionVersionId: version.id, labelingBatchId: batch.id });
    });
  }

  async list(criterionId: string, number: number, query: PageQuery): Promise<Page<Pilot>> {
    const version = await this.criteria.getVersionByNumber(criterionId, number);
    const request = pageRequest(query);
    return toPage(await this.pilots.page(version.id, request), request, (pilot) => pilot.id);
  }

  async report(auth: AuthContext, id: string): Promise<PilotReportDto> {
    const pilot = await this.pilots.find(id);
    if (!pilot) throw notFound('pilot', id);
    const version = await this.criteria.getVersion(pilot.criterionVersionId);
    const { minimumAgreement } = await this.criteria.get(version.criterionId);
    const batch = await this.batches.find(auth, pilot.labelingBatchId);
    const names = version.dimensions?.map(({ name }) => name) ?? [];
    const { agreement, further } = await this.agreement.measure(version, scopeOf(pilot), false, (tx) =>
      this.pilots.disputes(tx, batch.id, 1 + names.length, disputeLimit),
    );
    const finding = { pilotId: id, state: batch.state, ...decisive(agreement.dimensions) };
    const gate = publishingGate(minimumAgreement, finding);
    return {
      ...pilot,
      state: batch.state,
      itemCount: batch.itemCount,
      ratings: agreement.ratings,
      agreement: finding.agreement,
      minimumAgreement: minimumAgreement ?? conventionalMinimum,
      publishable: gate.open,
      obstacle: gate.open ? null : gate.message,
      dimensions: agreement.dimensions,
      worstDisagreements: further!.map((dispute) => told(dispute, version, names)),
    };
  }

  /** What the latest pilot of a version has found; null without one. */
  async latestFinding(version: CriterionVersion): Promise<PilotFinding | null> {
    const pilot = await this.pilots.findLatest(version.id);
    if (!pilot) return null;
    const { state } = await this.batches.find({ vendorId: null }, pilot.labelingBatchId);
    const { agreement } = await this.agreement.measure(version, scopeOf(pilot), false);
    return { pilotId: pilot.id, state, ...decisive(agreement.dimensions) };
  }
}

function scopeOf(pilot: Pilot): { criterionVersionId: string; vendorId: null; labelingBatchId: string } {
  return { criterionVersionId: pilot.criterionVersionId, vendorId: null, labelingBatchId: pilot.labelingBatchId };
}

/** Where there are dimensions, these are what labelers gave; the overall score only follows. */
function decisive(dimensions: PilotReportDto['dimensions']): Pick<PilotFinding, 'agreement' | 'items'> {
  const given = dimensions.length > 1 ? dimensions.slice(1) : dimensions;
  return {
    agreement: pilotAgreement(given.map(({ alpha }) => alpha.ordinal?.value ?? null)),
    items: Math.min(...given.map(({ items }) => items)),
  };
}

function told(dispute: Dispute, { scale }: CriterionVersion, names: readonly string[]): PilotDisagreementDto {
  const ratings = dispute.ratings.map(({ labelerId, levels, rationale, flags }) => ({
    labelerId,
    scores: levels.flatMap((level, d) => (level === null ? [] : [{ dimension: d === 0 ? null : names[d - 1], score: scale[level].value }])),
    rationale,
    flags: flags ?? [],
  }));
  return { ...dispute, ratings };
}

// Publishing a draft, past the gate of publishing-gate.ts or over it, which is put on record.
import { Injectable } from '@nestjs/common';
import { AuditService } from '#src/auth/audit/audit.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { conflict } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import type { CriterionVersion } from '#src/ratings/criterion-version.entity.js';
import { PilotsService } from './pilots.service.js';
import { publishingGate } from './publishing-gate.js';
import type { PublishCriterionVersionDto } from './publishing.dto.js';

@Injectable()
export class PublishingService {
  constructor(
    private readonly database: Database,
    private readonly criteria: CriteriaService,
    private readonly pilots: PilotsService,
    private readonly audit: AuditService,
  ) {}

  /**
   * Publishing twice is the same as publishing once.
   *
   * @throws ProblemException 409 `pilot_missing`, `pilot_unfinished`, `pilot_too_small`, `agreement_below_minimum`
   */
  async publish(auth: AuthContext, criterionId: string, number: number, { overrideReason }: PublishCriterionVersionDto): Promise<CriterionVersion> {
    const { minimumAgreement } = await this.criteria.get(criterionId);
    const version = await this.criteria.getVersionByNumber(criterionId, number);
    if (version.state === 'published') return version;
    const pilot = await this.pilots.latestFinding(version);
    const gate = publishingGate(minimumAgreement, pilot);
    if (!gate.open && !overrideReason) {
      const message = `${gate.message}: ${gate.remedy}, or publish it with an overrideReason`;
      throw conflict(gate.code, message, [{ pointer: '/overrideReason', rule: 'isDefined', message }]);
    }
    const overridden = gate.open ? null : overrideReason!;
    return this.database.transaction(async (tx) => {
      const rests = { pilotId: pilot?.pilotId ?? null, agreement: pilot?.agreement ?? null, overrideReason: overridden };
      const published = await this.criteria.publishIn(tx, version, rests);
      if (published && overridden !== null) {
        await this.audit.record(tx, auth, {
          action: 'criterion_version.published_with_override',
          resource: { type: 'criterion_version', id: version.id },
          detail: { criterionId, number, minimumAgreement, ...rests },
        });
      }
      return this.criteria.getVersionIn(tx, version.id);
    });
  }
}

// How far labelers agree: of a labeling batch, or of all that was judged under a criterion version. A vendor is told of
// its own labelers alone.
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { Database, type Transaction } from '#src/database/database.js';
import { LabelingBatchesService } from '#src/labeling/labeling-batches.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import type { CriterionVersion } from '#src/ratings/criterion-version.entity.js';
import type { AgreementDto, DimensionAgreementDto, VersionAgreementDto } from './agreement.dto.js';
import { agreementFigures, labelerPairReport } from './agreement-report.js';
import { AgreementRepository, type CollectedDimension } from './agreement.repository.js';
import { orderSource, orderValues, scoreSource, type AgreementScope } from './agreement-sql.js';
import { bordersOf } from './levels.js';

/** Pairs of labelers that are reported, of those that share most items. */
const labelerPairLimit = 100;

const orderModes: readonly string[] = ['rank', 'compare'];

/** What else to ask of the collected judgements before the transaction ends. */
type Further<T> = (tx: Transaction) => Promise<T>;

@Injectable()
export class AgreementService {
  constructor(
    private readonly database: Database,
    private readonly repository: AgreementRepository,
    private readonly criteria: CriteriaService,
    private readonly batches: LabelingBatchesService,
  ) {}

  async ofBatch(auth: AuthContext, batchId: string): Promise<AgreementDto> {
    const batch = await this.batches.find(auth, batchId);
    const version = await this.criteria.getVersion(batch.criterionVersionId);
    const scope = { criterionVersionId: version.id, vendorId: auth.vendorId, labelingBatchId: batch.id };
    return (await this.measure(version, scope, orderModes.includes(batch.mode))).agreement;
  }

  /** Scores under a version, and beside them rankings and comparisons. */
  async ofVersion(auth: AuthContext, criterionId: string, number: number): Promise<VersionAgreementDto> {
    const version = await this.criteria.getVersionByNumberFor(auth, criterionId, number);
    const scope = { criterionVersionId: version.id, vendorId: auth.vendorId, labelingBatchId: null };
    const scores = await this.measure(version, scope, false);
    const orders = await this.measure(version, scope, true);
    return { ...scores.agreement, preferences: orders.agreement.ratings === 0 ? null : orders.agreement };
  }

  /** @param further is asked over `agreement_values` before these are gone */
  async measure<T = undefined>(
    version: CriterionVersion,
    scope: AgreementScope,
    orders: boolean,
    further?: Further<T>,
  ): Promise<{ agreement: AgreementDto; further: T | undefined }> {
    const values = orders ? orderValues : version.scale.map(({ value }) => value);
    const names = orders ? [] : (version.dimensions?.map(({ name }) => name) ?? []);
    const source = orders ? orderSource(scope) : scoreSource(scope, bordersOf(values), names);
    const collected = await this.database.transaction(async (tx) => {
      const counts = await this.repository.collect(tx, source);
      const dimensions: CollectedDimension[] = [];
      // Counting is the database's work, one statement after the other on the one connection.
      for (const column of source.levels) dimensions.push(await this.repository.dimension(tx, column, values.length, labelerPairLimit));
      return { counts, dimensions, further: further && (await further(tx)) };
    });
    const dimensions: DimensionAgreementDto[] = [];
    for (const [d, counted] of collected.dimensions.entries()) dimensions.push(await report(d === 0 ? null : names[d - 1], counted, values));
    return { agreement: { criterionVersionId: version.id, ...collected.counts, dimensions }, further: collected.further };
  }
}

async function report(dimension: string | null, { patterns, pairs, total }: CollectedDimension, values: readonly number[]): Promise<DimensionAgreementDto> {
  const figures = await agreementFigures(patterns, values);
  const labelerPairs = [];
  for (const pair of pairs) labelerPairs.push(await labelerPairReport(pair, values));
  return { dimension, ...figures, labelerPairs, labelerPairsInAll: total };
}

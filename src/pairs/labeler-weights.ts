// Weights of a set's labelers, from the ratings and preferences that the set has recorded, in the transaction that builds
// it. Answers pass through Node here, as three small integers each in typed arrays (9 MB for a million), and in an order
// that is always the same: so are the weights, and the set's hash.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { orderValues } from '#src/quality/agreement-sql.js';
import { AnswerTable } from '#src/quality/answer-table.js';
import { dawidSkeneInTurns } from '#src/quality/dawid-skene.js';
import { bordersOf } from '#src/quality/levels.js';
import { reliabilities, reliabilityPrior, weightOf } from '#src/quality/reliability.js';
import { LabelerWeightsRepository } from './labeler-weights.repository.js';
import type { PairSetConfig } from './pair-set-config.js';
import type { PairSet } from './pair-set.entity.js';

const batch = 20_000;
/** Of the log-likelihood, per answer: weights have settled to a few thousandths by then. */
const tolerance = 1e-6;

export function asksForWeights({ aggregation, pairWeights }: PairSetConfig): boolean {
  return aggregation === 'reliability-weighted' || pairWeights === 'reliability';
}

@Injectable()
export class LabelerWeights {
  constructor(private readonly repository: LabelerWeightsRepository) {}

  /**
   * Scores and votes each have weights of their own: who rates well need not compare well. Where no two labelers share
   * any of one kind, the other kind has to do.
   *
   * @throws JobFailure `no_shared_ratings`
   */
  async estimate(tx: Transaction, set: Pick<PairSet, 'id' | 'criterionVersionId' | 'config'>): Promise<void> {
    const values = await this.repository.scaleValues(tx, set.criterionVersionId);
    const labelers = await this.repository.labelers(tx, set.id);
    const ids = labelers.map(({ labelerId }) => labelerId);
    await this.repository.packScores(tx, set.id, ids, bordersOf(values));
    const byScores = await this.reliabilities(tx, ids.length, values);
    await this.repository.packOrders(tx, set.id, ids, set.config.includeGold);
    const byVotes = await this.reliabilities(tx, ids.length, orderValues);
    const ofScores = byScores ?? byVotes;
    const ofVotes = byVotes ?? byScores;
    if (!ofScores || !ofVotes) throw nothingShared(labelers.length);
    const weights = labelers.map((labeler, i) => ({
      ...labeler,
      reliability: ofScores[i],
      weight: weightFor(ofScores[i]),
      preferenceReliability: ofVotes[i],
      preferenceWeight: weightFor(ofVotes[i]),
    }));
    await this.repository.insert(tx, set.id, weights);
  }

  /** Of the answers that were packed; null where there are none. */
  private async reliabilities(tx: Transaction, labelers: number, values: readonly number[]): Promise<(number | null)[] | null> {
    const answers = new AnswerTable(labelers, values.length);
    for (let after = -1; ; ) {
      const rows = await this.repository.readAnswers(tx, after, batch);
      for (const row of rows) answers.addItem(row.answers);
      if (rows.length < batch) break;
      after = rows[rows.length - 1].item;
    }
    if (answers.items === 0) return null;
    // A labeler who shares no item keeps the prior alone, that is, weighs as all of them together would.
    const estimates = await dawidSkeneInTurns(answers.answers(), { prior: reliabilityPrior, tolerance });
    return reliabilities(estimates, values);
  }
}

function weightFor(reliability: number | null): number {
  return reliability === null ? 1 : weightOf(reliability);
}

function nothingShared(labelers: number): JobFailure {
  return new JobFailure(
    'no_shared_ratings',
    `none of the completions was rated, and no two of them were compared, by two of the ${labelers} labelers, so that nothing ` +
      'tells how reliable they are: use another aggregation and no pairWeights, or have completions judged several times',
  );
}

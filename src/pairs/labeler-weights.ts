// Weights of a set's labelers, from the ratings that the set has recorded, in the transaction that builds it. Ratings
// pass through Node here, as three small integers each in typed arrays (9 MB for a million), and in an order that is
// always the same: so are the weights, and the set's hash.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { AnswerTable } from '#src/quality/answer-table.js';
import { dawidSkeneInTurns } from '#src/quality/dawid-skene.js';
import { bordersOf } from '#src/quality/levels.js';
import { reliabilities, reliabilityPrior, weightOf } from '#src/quality/reliability.js';
import { LabelerWeightsRepository } from './labeler-weights.repository.js';
import type { PairSet } from './pair-set.entity.js';

const batch = 20_000;
/** Of the log-likelihood, per answer: weights have settled to a few thousandths by then. */
const tolerance = 1e-6;

@Injectable()
export class LabelerWeights {
  constructor(private readonly repository: LabelerWeightsRepository) {}

  /** @throws JobFailure `no_shared_ratings` */
  async estimate(tx: Transaction, set: Pick<PairSet, 'id' | 'criterionVersionId'>): Promise<void> {
    const values = await this.repository.scaleValues(tx, set.criterionVersionId);
    const labelers = await this.repository.labelers(tx, set.id);
    await this.repository.packAnswers(tx, set.id, bordersOf(values));
    const answers = new AnswerTable(labelers.length, values.length);
    for (let after = -1; ; ) {
      const rows = await this.repository.readAnswers(tx, after, batch);
      for (const row of rows) answers.addItem(row.answers);
      if (rows.length < batch) break;
      after = rows[rows.length - 1].item;
    }
    if (answers.items === 0) throw nothingShared(labelers.length);
    // A labeler who shares no completion keeps the prior alone, that is, weighs as all of them together would.
    const estimates = await dawidSkeneInTurns(answers.answers(), { prior: reliabilityPrior, tolerance });
    const found = reliabilities(estimates, values);
    const weights = labelers.map((labeler, i) => ({ ...labeler, reliability: found[i], weight: found[i] === null ? 1 : weightOf(found[i]) }));
    await this.repository.insert(tx, set.id, weights);
  }
}

function nothingShared(labelers: number): JobFailure {
  return new JobFailure(
    'no_shared_ratings',
    `none of the completions was rated by two of the ${labelers} labelers, so that nothing tells how reliable they are: ` +
      'use another aggregation, or have completions rated several times',
  );
}

// Builds a pair set out of ratings, inside Postgres and in one transaction: either all of its pairs are there
// with their hash and diagnostics, or none. Built twice from the same ratings and seed, the hash is the same.
import { Injectable } from '@nestjs/common';
import { canonicalJson } from '#src/common/hash.js';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { Database, type Transaction } from '#src/database/database.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PairBuildRepository, type PossibleCounts } from './pair-build.repository.js';
import { asksForWeights, LabelerWeights } from './labeler-weights.js';
import { marginHistogram, splitDiagnostics, type PairSetDiagnostics } from './pair-diagnostics.js';
import { PairDiagnosticsRepository } from './pair-diagnostics.repository.js';
import type { PairSet } from './pair-set.entity.js';

/** More is a mistake in the data (thousands of completions of one prompt), not a dataset. */
export const maximumPairs = 20_000_000;

export const buildSteps = ['selecting ratings', 'weighing labelers', 'scoring completions', 'making pairs', 'diagnostics', 'hashing'] as const;
export type BuildStep = (typeof buildSteps)[number];

@Injectable()
export class PairBuilder {
  constructor(
    private readonly database: Database,
    private readonly repository: PairBuildRepository,
    private readonly weights: LabelerWeights,
    private readonly diagnostics: PairDiagnosticsRepository,
    private readonly lineage: LineageService,
  ) {}

  /**
   * Does nothing to a set that is built. Starting over is safe at any time: what an attempt wrote is taken away
   * by the next, and the row of the set is locked meanwhile.
   *
   * @param before called before each step; may throw to stop
   * @throws JobFailure `no_pairs`, `too_many_pairs`, `no_shared_ratings`
   */
  build(id: string, before: (step: BuildStep) => Promise<void> = async () => undefined): Promise<void> {
    return this.database.transaction(async (tx) => {
      const set = await this.repository.lockUnbuilt(tx, id);
      if (!set) return;
      await before('selecting ratings');
      await this.repository.planForSets(tx);
      await this.repository.clear(tx, id);
      await this.repository.recordRatings(tx, set);
      const preferences = await this.repository.recordPreferences(tx, set);
      await before('weighing labelers');
      if (asksForWeights(set.config)) await this.weights.estimate(tx, set);
      await before('scoring completions');
      const possible = { ...(await this.repository.scoreCompletions(tx, set)), preferences };
      if (possible.possiblePairs > maximumPairs) throw tooMany(possible.possiblePairs);
      await before('making pairs');
      const pairCount = await this.repository.insertPairs(tx, set);
      if (pairCount === 0) throw none(possible.ratings, possible.prompts, possible.possiblePairs);
      await before('diagnostics');
      const diagnostics = await this.diagnose(tx, set, possible, pairCount);
      await before('hashing');
      const header = canonicalJson({ criterionVersionId: set.criterionVersionId, ...set.config });
      const contentHash = await this.repository.contentHash(tx, id, header);
      await this.repository.saveBuilt(tx, id, { contentHash, pairCount, diagnostics });
      await this.link(tx, set);
    });
  }

  private async diagnose(
    tx: Transaction,
    { id, config }: PairSet,
    possible: PossibleCounts & { preferences: number },
    pairCount: number,
  ): Promise<PairSetDiagnostics> {
    const { ties, ...counts } = possible;
    const sums = await this.diagnostics.splitSums(tx, id);
    const perPrompt = await this.diagnostics.pairsPerPrompt(tx, id);
    const keptTies = config.ties === 'keep' ? ties : 0;
    const untied = config.strategy === 'all' ? pairCount - keptTies : await this.repository.countUntied(tx, config);
    return {
      ...counts,
      promptsWithPairs: perPrompt.prompts,
      tiesFound: ties,
      tiesDropped: config.ties === 'drop' ? ties : 0,
      belowMargin: possible.possiblePairs - ties - untied,
      notSampled: untied + keptTies - pairCount,
      splits: { train: splitDiagnostics('train', sums), eval: splitDiagnostics('eval', sums) },
      margins: marginHistogram(await this.diagnostics.margins(tx, id)),
      pairsPerPrompt: perPrompt.spread,
    };
  }

  private async link(tx: Transaction, set: PairSet): Promise<void> {
    const child = { type: 'pair_set', id: set.id } as const;
    await this.lineage.link(tx, { type: 'criterion_version', id: set.criterionVersionId }, child, 'criterion');
    if (set.config.promptSetId) {
      await this.lineage.link(tx, { type: 'prompt_set', id: set.config.promptSetId }, child, 'prompts');
    }
    for (const id of await this.repository.completionBatches(tx)) {
      await this.lineage.link(tx, { type: 'completion_batch', id }, child, 'completions');
    }
  }
}

function tooMany(possible: number): JobFailure {
  return new JobFailure('too_many_pairs', `${possible} pairs are possible, the most is ${maximumPairs}: restrict the prompts`);
}

function none(ratings: number, prompts: number, possible: number): JobFailure {
  return new JobFailure(
    'no_pairs',
    `${ratings} ratings over ${prompts} prompts and ${possible} possible pairs leave none: ` +
      'rate more completions of the same prompt, or lower minimumMargin or minimumRatings',
  );
}

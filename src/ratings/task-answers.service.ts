// What labelers answer to a task becomes ratings and a preference, in the transaction that completes the task. A
// corrected answer supersedes row by row.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { conflict, shorten, type ProblemException } from '#src/common/problem.js';
import type { Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import { BulkRatingsRepository, type BulkRating } from './bulk-ratings.repository.js';
import type { PreferenceRank } from './preference-rank.entity.js';
import type { Preference } from './preference.entity.js';
import { PreferencesRepository } from './preferences.repository.js';
import { ranksOf } from './ranking-rules.js';
import type { Rating } from './rating.entity.js';
import { RatingsRepository } from './ratings.repository.js';

/** The task that is answered. */
export interface AnsweredTask {
  id: string;
  criterionVersionId: string;
  promptId: string;
  labelerId: string;
  vendorId: string | null;
  /** Completions in the order shown. */
  completionIds: readonly string[];
}

export interface Answer {
  ratings: Pick<Rating, 'completionId' | 'score' | 'dimensionScores' | 'position' | 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'>[];
  preference:
    | (Pick<Preference, 'kind' | 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'> & { groups: readonly (readonly string[])[] })
    | null;
}

/** An answer on record, ratings in the order shown. */
export interface StandingAnswer {
  ratings: Omit<Rating, 'vendorId' | 'createdAt'>[];
  preference: { id: string; ranks: PreferenceRank[] } | null;
}

@Injectable()
export class TaskAnswersService {
  constructor(
    private readonly bulk: BulkRatingsRepository,
    private readonly ratings: RatingsRepository,
    private readonly preferences: PreferencesRepository,
  ) {}

  /**
   * @param corrects the answer that this one takes the place of
   * @throws ProblemException 409 `external_id_conflict`, `already_superseded`
   */
  async record(tx: Transaction, task: AnsweredTask, answer: Answer, corrects?: StandingAnswer): Promise<StandingAnswer> {
    try {
      const ratings = await this.recordRatings(tx, task, answer, corrects);
      const preference = answer.preference && (await this.recordPreference(tx, task, answer.preference, corrects));
      return { ratings, preference };
    } catch (error) {
      switch (brokenUnique(error)) {
        case 'preferences_external':
          throw taken('/externalId', answer.preference!.externalId);
        case 'preferences_superseded':
        case 'ratings_superseded':
          throw conflict('already_superseded', `the answer to task ${task.id} was corrected meanwhile`);
        default:
          throw error;
      }
    }
  }

  async standing(taskId: string): Promise<StandingAnswer> {
    const ratings = await this.ratings.standingOfTask(taskId);
    const preference = await this.preferences.standingOfTask(taskId);
    return { ratings, preference: preference && { id: preference.id, ranks: await this.preferences.ranks([preference.id]) } };
  }

  private async recordRatings(tx: Transaction, task: AnsweredTask, { ratings }: Answer, corrects?: StandingAnswer): Promise<BulkRating[]> {
    if (ratings.length === 0) return [];
    const earlier = new Map(corrects?.ratings.map(({ completionId, id }) => [completionId, id]));
    const rows: BulkRating[] = ratings.map((rating) => ({
      ...rating,
      id: newId(),
      criterionVersionId: task.criterionVersionId,
      labelerId: task.labelerId,
      labelingTaskId: task.id,
      supersedesId: earlier.get(rating.completionId) ?? null,
    }));
    const inserted = await this.bulk.insertNew(rows, task.vendorId, tx);
    if (inserted < rows.length) throw await this.takenRating(tx, task, rows);
    return rows.sort((a, b) => a.position! - b.position!);
  }

  private async takenRating(tx: Transaction, task: AnsweredTask, rows: BulkRating[]): Promise<ProblemException> {
    const named = rows.flatMap(({ externalId }) => externalId ?? []);
    const stored = await this.bulk.byExternalIds(named, task.vendorId, tx);
    const at = rows.findIndex(({ id, externalId }) => externalId !== null && stored.get(externalId)?.id !== id);
    return taken(`/scores/${at}/externalId`, rows[at]?.externalId);
  }

  private async recordPreference(tx: Transaction, task: AnsweredTask, { groups, ...preference }: NonNullable<Answer['preference']>, corrects?: StandingAnswer): Promise<StandingAnswer['preference']> {
    const row = {
      ...preference,
      id: newId(),
      promptId: task.promptId,
      criterionVersionId: task.criterionVersionId,
      labelerId: task.labelerId,
      vendorId: task.vendorId,
      supersedesId: corrects?.preference?.id ?? null,
      labelingTaskId: task.id,
    };
    const ranks = [...ranksOf(groups)].map(([completionId, rank]) => ({ completionId, rank, position: task.completionIds.indexOf(completionId) }));
    await this.preferences.insert(tx, row, ranks);
    return { id: row.id, ranks: ranks.map((rank) => ({ ...rank, preferenceId: row.id })) };
  }
}

function taken(pointer: string, externalId: string | null | undefined): ProblemException {
  const message = 'this externalId, or another of the same answer, was given before';
  return conflict('external_id_conflict', message, [{ pointer, rule: 'unique', message, value: shorten(externalId ?? '') }]);
}

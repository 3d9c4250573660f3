// What labelers answer to a task becomes ratings and a preference, in the transaction that completes the task. A
// corrected answer supersedes row by row.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { conflict, shorten, type ProblemException } from '#src/common/problem.js';
import type { Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import type { PreferenceRank } from './preference-rank.entity.js';
import { rankRows } from './preference-rules.js';
import type { Preference } from './preference.entity.js';
import { PreferencesRepository } from './preferences.repository.js';
import type { NewRating } from './rating-rules.js';
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

/** What a labeler says of one completion; the rest of the rating is the task's. */
export type AnsweredRating = Omit<NewRating, 'id' | 'criterionVersionId' | 'labelerId' | 'vendorId' | 'labelingTaskId' | 'supersedesId'>;

export interface Answer {
  ratings: AnsweredRating[];
  preference:
    | (Pick<Preference, 'kind' | 'timeSpentMs' | 'rationale' | 'flags' | 'externalId'> & { groups: readonly (readonly string[])[] })
    | null;
}

/** An answer on record, ratings in the order shown. */
export interface StandingAnswer {
  ratings: NewRating[];
  preference: { id: string; ranks: PreferenceRank[] } | null;
}

@Injectable()
export class TaskAnswersService {
  constructor(
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

  private async recordRatings(tx: Transaction, task: AnsweredTask, { ratings }: Answer, corrects?: StandingAnswer): Promise<NewRating[]> {
    if (ratings.length === 0) return [];
    const earlier = new Map(corrects?.ratings.map(({ completionId, id }) => [completionId, id]));
    const rows: NewRating[] = ratings.map((rating) => ({
      ...rating,
      id: newId(),
      criterionVersionId: task.criterionVersionId,
      labelerId: task.labelerId,
      vendorId: task.vendorId,
      labelingTaskId: task.id,
      supersedesId: earlier.get(rating.completionId) ?? null,
    }));
    const inserted = await this.ratings.insertNew(rows, tx);
    if (inserted < rows.length) throw await this.takenRating(tx, task, rows);
    return rows.sort((a, b) => a.position! - b.position!);
  }

  private async takenRating(tx: Transaction, task: AnsweredTask, rows: NewRating[]): Promise<ProblemException> {
    const named = rows.flatMap(({ externalId }) => externalId ?? []);
    const stored = await this.ratings.byExternalIds(named, task.vendorId, tx);
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
      ranks: rankRows(groups, task.completionIds),
    };
    if ((await this.preferences.insertNew([row], tx)) === 0) throw taken('/externalId', row.externalId);
    return { id: row.id, ranks: row.ranks.map((rank) => ({ ...rank, preferenceId: row.id })) };
  }
}

function taken(pointer: string, externalId: string | null | undefined): ProblemException {
  const message = 'this externalId, or another of the same answer, was given before';
  return conflict('external_id_conflict', message, [{ pointer, rule: 'unique', message, value: shorten(externalId ?? '') }]);
}

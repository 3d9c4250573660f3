import type { PromptContent } from '#src/common/conversation.js';
import { contentSql } from '#src/prompts/prompt.entity.js';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import type { Split } from '#src/pairs/pair-set-config.js';
import { effectiveRatings, scoredCompletions } from '#src/pairs/pair-sql.js';
import { Parameters } from '#src/pairs/sql-parts.js';
import type { JudgedGroup } from '#src/rl/methods/kto.js';
import type { RatedData } from '../methods/training-methods.js';

export interface RatedCounts {
  split: Split;
  desirable: number;
  undesirable: number;
  /** At the threshold: in neither. */
  undecided: number;
  /** With a completion to learn from. */
  prompts: number;
  /** Of these prompts and completions, each once. */
  characters: number;
}

/** Size of each prompt of the train split in a step. */
export interface RatedSize {
  completions: number;
  /** Of the longest completion with its prompt, in characters. */
  tokens: number;
}

/** Completions by their mean score: desirable, undesirable or neither. */
@Injectable()
export class RatedDataRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Keeps which ratings the run learns from. They cannot change, so neither can its data. */
  async record(tx: Transaction, trainingRunId: string, data: RatedData): Promise<void> {
    const p = new Parameters();
    const id = p.add(trainingRunId, 'uuid');
    const ratings = effectiveRatings(data.criterionVersionId, rules(data), p);
    await tx.query(`INSERT INTO training_run_ratings (training_run_id, rating_id) SELECT ${id}, id FROM (${ratings}) source`, p.values);
  }

  /** Of the ratings as they are now. */
  counts(data: RatedData): Promise<RatedCounts[]> {
    const p = new Parameters();
    return this.count(labeled(effectiveRatings(data.criterionVersionId, rules(data), p), data, p), p);
  }

  /** Of those that a run has recorded. */
  countsOfRun(trainingRunId: string, data: RatedData): Promise<RatedCounts[]> {
    const p = new Parameters();
    return this.count(labeled(recorded(trainingRunId, p), data, p), p);
  }

  sizes(data: RatedData): Promise<RatedSize[]> {
    const p = new Parameters();
    const source = labeled(effectiveRatings(data.criterionVersionId, rules(data), p), data, p);
    return this.dataSource.query(
      `SELECT count(*)::int AS completions, max(length(c.text)) + length(q.text) AS tokens
       FROM (${source}) l JOIN completions c ON c.id = l.completion_id JOIN prompts q ON q.id = l.prompt_id
       WHERE l.split = 'train' AND NOT undecided GROUP BY q.id ORDER BY q.id`,
      p.values,
    );
  }

  /** The training data of the prompts with the most text, at most `limit` of them. */
  async longest(data: RatedData, limit: number): Promise<JudgedGroup[]> {
    const p = new Parameters();
    const source = labeled(effectiveRatings(data.criterionVersionId, rules(data), p), data, p);
    return this.grouped(
      `WITH l AS MATERIALIZED (${source})
       SELECT l.* FROM l JOIN (
         SELECT l.prompt_id FROM l JOIN completions c ON c.id = l.completion_id JOIN prompts q ON q.id = l.prompt_id
         WHERE l.split = 'train' AND NOT undecided
         GROUP BY l.prompt_id, q.text ORDER BY sum(length(c.text)) + length(q.text) DESC LIMIT ${p.add(limit, 'int')}) longest USING (prompt_id)`,
      'train',
      p,
    );
  }

  /** Ordered by text, which is the same on every installation with the same data. */
  groupsOfRun(trainingRunId: string, data: RatedData, split: Split): Promise<JudgedGroup[]> {
    const p = new Parameters();
    return this.grouped(labeled(recorded(trainingRunId, p), data, p), split, p);
  }

  private count(source: string, p: Parameters): Promise<RatedCounts[]> {
    return this.dataSource.query(
      `WITH l AS MATERIALIZED (${source}), decided AS (SELECT * FROM l WHERE NOT undecided),
            asked AS (SELECT DISTINCT split, prompt_id FROM decided),
            texts AS (SELECT split, length(c.text) AS characters FROM decided JOIN completions c ON c.id = completion_id
                      UNION ALL SELECT split, length(q.text) FROM asked JOIN prompts q ON q.id = prompt_id)
       SELECT split, count(*) FILTER (WHERE desirable)::int AS desirable, count(*) FILTER (WHERE NOT desirable AND NOT undecided)::int AS undesirable,
              count(*) FILTER (WHERE undecided)::int AS undecided, (SELECT count(*)::int FROM asked WHERE asked.split = l.split) AS prompts,
              (SELECT coalesce(sum(characters), 0)::float8 FROM texts WHERE texts.split = l.split) AS characters
       FROM l GROUP BY split ORDER BY split`,
      p.values,
    );
  }

  private async grouped(source: string, split: Split, p: Parameters): Promise<JudgedGroup[]> {
    const rows: { promptId: string; prompt: PromptContent; completion: string; desirable: boolean }[] = await this.dataSource.query(
      `SELECT q.id AS "promptId", ${contentSql('q')} AS prompt, c.text AS completion, l.desirable
       FROM (${source}) l JOIN completions c ON c.id = l.completion_id JOIN prompts q ON q.id = l.prompt_id
       WHERE l.split = ${p.add(split, 'text')} AND NOT l.undecided
       ORDER BY q.text COLLATE "C", q.id, c.text COLLATE "C", l.desirable`,
      p.values,
    );
    const groups = new Map<string, JudgedGroup>();
    for (const { promptId, prompt, completion, desirable } of rows) {
      const group = groups.get(promptId) ?? { prompt, completions: [], desirable: [] };
      groups.set(promptId, group);
      group.completions.push(completion);
      group.desirable.push(desirable);
    }
    return [...groups.values()];
  }
}

/** Those of a pair set that says no more than this. */
const rules = ({ promptSetId, completionBatchId }: RatedData) => ({ promptSetId, completionBatchId, labelerIds: null, includeGold: false, includePilots: false, minimumRatings: 1 });

/** The ratings that a run has recorded as its own. */
function recorded(trainingRunId: string, p: Parameters): string {
  return `
    SELECT r.id, r.completion_id, c.prompt_id, r.labeler_id, r.score
    FROM training_run_ratings m JOIN ratings r ON r.id = m.rating_id JOIN completions c ON c.id = r.completion_id
    WHERE m.training_run_id = ${p.add(trainingRunId, 'uuid')}`;
}

/** One row per completion, in the split of its prompt's text. */
function labeled(source: string, { threshold, evalFraction, seed }: RatedData, p: Parameters): string {
  const limit = p.add(threshold, 'float8');
  return `
    SELECT completion_id, prompt_id, split, score > ${limit} AS desirable, score = ${limit} AS undecided
    FROM (${scoredCompletions(source, { aggregation: 'mean', evalFraction, seed }, p)}) scored`;
}

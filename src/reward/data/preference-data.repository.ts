import type { PromptContent } from '#src/common/conversation.js';
import { contentSql } from '#src/prompts/prompt.entity.js';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { GroupSize } from '#src/rl/batch/batch-plan.js';

export interface StoredGroupSize extends GroupSize {
  /** In characters here: good enough to sort by. */
  tokens: number;
  /** Completions that were preferred in some pair, and of these the ones that were rejected in none. */
  chosen: number;
  best: number;
}

export type PairSplit = 'train' | 'eval';

/** A pair as the pair set has it. */
export interface PairRow {
  /** Its number in the pair set. */
  ordinal: number;
  promptId: string;
  chosenId: string;
  rejectedId: string;
  /** Difference of the two scores. */
  gap: number;
  tie: boolean;
  recordedWeight: number | null;
}

/** Queries of `PreferenceDataService`. */
@Injectable()
export class PreferenceDataRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Undefined for an unknown pair set. Prompts are counted up to two. */
  async pairSetState(id: string): Promise<{ jobId: string | null; built: boolean; trainPrompts: number; evalPrompts: number } | undefined> {
    const [state]: { jobId: string | null; built: boolean; trainPrompts: number; evalPrompts: number }[] = await this.dataSource.query(
      `SELECT job_id AS "jobId", built_at IS NOT NULL AS built, ${promptsUpToTwo('train')} AS "trainPrompts", ${promptsUpToTwo('eval')} AS "evalPrompts"
       FROM pair_sets s WHERE id = $1`,
      [id],
    );
    return state;
  }

  /** How many prompts of the train split `trainingPairs` would keep and set aside, counted by the same hash. */
  async validationPrompts(pairSetId: string, seed: number, fraction: number): Promise<{ train: number; validation: number }> {
    const [counts]: { train: number; validation: number }[] = await this.dataSource.query(
      `SELECT count(*) FILTER (WHERE share >= $3)::int AS train, count(*) FILTER (WHERE share < $3)::int AS validation
       FROM (SELECT ('x' || left(encode(sha256(convert_to('validation:' || $2::text || ':' || q.text_key, 'UTF8')), 'hex'), 8))::bit(32)::bigint
                    / 4294967296::float8 AS share
             FROM prompts q
             WHERE id IN (SELECT prompt_id FROM pairs WHERE pair_set_id = $1 AND split = 'train' AND NOT tie)) hashed`,
      [pairSetId, String(seed), fraction],
    );
    return counts;
  }

  /** The prompts with the most text to train on, at most `limit` of them. */
  async longestPrompts(pairSetId: string, limit: number): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `SELECT used.prompt_id AS id
       FROM (SELECT prompt_id, chosen_completion_id AS completion_id FROM pairs WHERE pair_set_id = $1 AND split = 'train' AND NOT tie
             UNION SELECT prompt_id, rejected_completion_id FROM pairs WHERE pair_set_id = $1 AND split = 'train' AND NOT tie) used
       JOIN completions c ON c.id = used.completion_id JOIN prompts q ON q.id = used.prompt_id
       GROUP BY used.prompt_id, q.text ORDER BY sum(length(c.text)) + length(q.text) DESC LIMIT $2`,
      [pairSetId, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Size of each prompt of the train split in a step. */
  groupSizes(pairSetId: string): Promise<StoredGroupSize[]> {
    return this.dataSource.query(
      `SELECT count(*)::int AS completions, count(*) FILTER (WHERE won)::int AS chosen, count(*) FILTER (WHERE won AND NOT lost)::int AS best,
              max(length(c.text)) + length(q.text) AS tokens
       FROM (SELECT prompt_id, completion_id, bool_or(won) AS won, bool_or(NOT won) AS lost
             FROM (SELECT prompt_id, chosen_completion_id AS completion_id, true AS won FROM pairs
                   WHERE pair_set_id = $1 AND split = 'train' AND NOT tie
                   UNION ALL SELECT prompt_id, rejected_completion_id, false FROM pairs
                   WHERE pair_set_id = $1 AND split = 'train' AND NOT tie) sides
             GROUP BY prompt_id, completion_id) used
       JOIN completions c ON c.id = used.completion_id JOIN prompts q ON q.id = used.prompt_id
       GROUP BY q.id ORDER BY q.id`,
      [pairSetId],
    );
  }

  /** Prompts with a pair to learn, by split. */
  countPrompts(pairSetId: string): Promise<{ split: PairSplit; count: number }[]> {
    return this.dataSource.query(
      'SELECT split, count(DISTINCT prompt_id)::int AS count FROM pairs WHERE pair_set_id = $1 AND NOT tie GROUP BY split',
      [pairSetId],
    );
  }

  /** Of the prompts and completions of pairs, each once, by split. */
  countCharacters(pairSetId: string): Promise<{ split: PairSplit; count: number }[]> {
    return this.dataSource.query(
      `WITH used AS (SELECT split, prompt_id, chosen_completion_id AS completion_id FROM pairs WHERE pair_set_id = $1
                     UNION SELECT split, prompt_id, rejected_completion_id FROM pairs WHERE pair_set_id = $1),
            texts AS (SELECT split, length(c.text) AS characters FROM used JOIN completions c ON c.id = completion_id
                      UNION ALL
                      SELECT split, length(q.text) FROM (SELECT DISTINCT split, prompt_id FROM used) asked JOIN prompts q ON q.id = prompt_id)
       SELECT split, sum(characters)::float8 AS count FROM texts GROUP BY split`,
      [pairSetId],
    );
  }

  /** In their order in the pair set; of all prompts where `promptIds` is null. */
  pairs(pairSetId: string, split: PairSplit, promptIds: string[] | null, ties: boolean): Promise<PairRow[]> {
    return this.dataSource.query(
      `SELECT ordinal, prompt_id AS "promptId", chosen_completion_id AS "chosenId", rejected_completion_id AS "rejectedId",
              chosen_score - rejected_score AS gap, tie, weight AS "recordedWeight"
       FROM pairs
       WHERE pair_set_id = $1 AND split = $2 AND (NOT tie OR $4) AND ($3::uuid[] IS NULL OR prompt_id = ANY($3))
       ORDER BY ordinal`,
      [pairSetId, split, promptIds, ties],
    );
  }

  /** By id, as chat templates read them. */
  prompts(ids: string[]): Promise<Map<string, PromptContent>> {
    return this.contents('prompts p', contentSql('p'), ids);
  }

  /** By id. */
  completions(ids: string[]): Promise<Map<string, string>> {
    return this.contents('completions', 'text', ids);
  }

  private async contents<T>(table: string, column: string, ids: string[]): Promise<Map<string, T>> {
    const rows: { id: string; content: T }[] = await this.dataSource.query(`SELECT id, ${column} AS content FROM ${table} WHERE id = ANY($1)`, [[...new Set(ids)]]);
    return new Map(rows.map(({ id, content }) => [id, content]));
  }
}

/** Over pairs that are not ties: the first prompt and any other one, so that large sets are not read completely. */
function promptsUpToTwo(split: PairSplit): string {
  const pairs = `pairs WHERE pair_set_id = s.id AND split = '${split}' AND NOT tie`;
  const first = `(SELECT prompt_id FROM ${pairs} ORDER BY ordinal LIMIT 1)`;
  return `(SELECT count(*)::int FROM (${first} UNION (SELECT prompt_id FROM ${pairs} AND prompt_id <> ${first} LIMIT 1)) found)`;
}

import { contentSql } from '#src/prompts/prompt.entity.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { CompletionScore } from './score.entity.js';
import type { CompletionText } from './scoring-units.js';

/** A completion with its reward, null where it was not scored yet. */
export interface CompletionWithScore {
  completionId: string;
  promptId: string;
  score: number | null;
  memberScores: number[] | null;
}

/** The score of a completion by a reward model. */
export interface ScoreOfCompletion {
  rewardModelId: string;
  rewardModelName: string;
  score: number;
  memberScores: number[] | null;
}

const columns = `c.id AS "completionId", c.prompt_id AS "promptId", s.score, s.member_scores AS "memberScores"`;

@Injectable()
export class CompletionScoresRepository {
  constructor(@InjectRepository(CompletionScore) private readonly rows: Repository<CompletionScore>) {}

  /** All completions of these prompts, at most `limit`, prompt by prompt in the order given. */
  ofPrompts(rewardModelId: string, promptIds: string[], limit: number): Promise<CompletionWithScore[]> {
    return this.rows.query(
      `SELECT ${columns}
       FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted(id, at) JOIN completions c ON c.prompt_id = wanted.id
       LEFT JOIN completion_scores s ON s.completion_id = c.id AND s.reward_model_id = $1
       ORDER BY wanted.at, c.id LIMIT $3`,
      [rewardModelId, promptIds, limit],
    );
  }

  /** In the order of the ids; those that do not exist are missing. */
  ofCompletions(rewardModelId: string, completionIds: string[]): Promise<CompletionWithScore[]> {
    return this.rows.query(
      `SELECT ${columns}
       FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted(id, at) JOIN completions c ON c.id = wanted.id
       LEFT JOIN completion_scores s ON s.completion_id = c.id AND s.reward_model_id = $1
       ORDER BY wanted.at`,
      [rewardModelId, completionIds],
    );
  }

  /** Scores of one completion by all reward models, oldest first. */
  ofCompletion(completionId: string, { after, limit }: PageRequest): Promise<ScoreOfCompletion[]> {
    return this.rows.query(
      `SELECT s.reward_model_id AS "rewardModelId", m.name AS "rewardModelName", s.score, s.member_scores AS "memberScores"
       FROM completion_scores s JOIN reward_models m ON m.id = s.reward_model_id
       WHERE s.completion_id = $1 AND ($2::uuid IS NULL OR s.reward_model_id > $2)
       ORDER BY s.reward_model_id LIMIT $3`,
      [completionId, after, limit + 1],
    );
  }

  async completionExists(id: string): Promise<boolean> {
    const rows: unknown[] = await this.rows.query('SELECT FROM completions WHERE id = $1', [id]);
    return rows.length > 0;
  }

  unscoredOfPrompts(rewardModelId: string, promptIds: string[]): Promise<CompletionText[]> {
    return this.rows.query(
      `SELECT c.id AS "completionId", ${contentSql('p')} AS prompt, c.text AS completion
       FROM completions c JOIN prompts p ON p.id = c.prompt_id
       WHERE c.prompt_id = ANY($2)
         AND NOT EXISTS (SELECT FROM completion_scores s WHERE s.reward_model_id = $1 AND s.completion_id = c.id)
       ORDER BY c.prompt_id, c.id`,
      [rewardModelId, promptIds],
    );
  }

  /** Copies the scores of completions from the scores stored by text hash. Existing scores stay. */
  async insert(tx: Transaction, rewardModelId: string, completions: { completionId: string; hash: string }[]): Promise<void> {
    await tx.query(
      `INSERT INTO completion_scores (reward_model_id, completion_id, score, member_scores)
       SELECT t.reward_model_id, given.id, t.score, t.member_scores
       FROM unnest($2::uuid[], $3::text[]) AS given (id, hash)
       JOIN text_scores t ON t.reward_model_id = $1 AND t.text_hash = given.hash AND t.score IS NOT NULL
       ON CONFLICT DO NOTHING`,
      [rewardModelId, completions.map(({ completionId }) => completionId), completions.map(({ hash }) => hash)],
    );
  }

  /** Ids without a prompt. */
  async unknownPrompts(promptIds: string[]): Promise<string[]> {
    const rows: { id: string }[] = await this.rows.query(
      'SELECT id FROM unnest($1::uuid[]) AS given (id) WHERE NOT EXISTS (SELECT FROM prompts p WHERE p.id = given.id)',
      [promptIds],
    );
    return rows.map(({ id }) => id);
  }
}

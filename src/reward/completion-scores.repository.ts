import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { CompletionScore } from './completion-score.entity.js';

/** A completion with its reward, null where it was not scored yet. */
export interface CompletionWithScore {
  completionId: string;
  promptId: string;
  score: number | null;
}

export interface UnscoredCompletion {
  completionId: string;
  prompt: string;
  completion: string;
}

@Injectable()
export class CompletionScoresRepository {
  constructor(@InjectRepository(CompletionScore) private readonly rows: Repository<CompletionScore>) {}

  ofPrompt(rewardModelId: string, promptId: string): Promise<CompletionWithScore[]> {
    return this.rows.query(
      `SELECT c.id AS "completionId", c.prompt_id AS "promptId", s.score
       FROM completions c LEFT JOIN completion_scores s ON s.completion_id = c.id AND s.reward_model_id = $1
       WHERE c.prompt_id = $2 ORDER BY c.id`,
      [rewardModelId, promptId],
    );
  }

  /** In the order of the ids; those that do not exist are missing. */
  ofCompletions(rewardModelId: string, completionIds: string[]): Promise<CompletionWithScore[]> {
    return this.rows.query(
      `SELECT c.id AS "completionId", c.prompt_id AS "promptId", s.score
       FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted(id, at) JOIN completions c ON c.id = wanted.id
       LEFT JOIN completion_scores s ON s.completion_id = c.id AND s.reward_model_id = $1
       ORDER BY wanted.at`,
      [rewardModelId, completionIds],
    );
  }

  unscoredOfPrompts(rewardModelId: string, promptIds: string[]): Promise<UnscoredCompletion[]> {
    return this.rows.query(
      `SELECT c.id AS "completionId", p.text AS prompt, c.text AS completion
       FROM completions c JOIN prompts p ON p.id = c.prompt_id
       WHERE c.prompt_id = ANY($2)
         AND NOT EXISTS (SELECT FROM completion_scores s WHERE s.reward_model_id = $1 AND s.completion_id = c.id)
       ORDER BY c.prompt_id, c.id`,
      [rewardModelId, promptIds],
    );
  }

  /** A score that is there already stays. */
  async insert(tx: Transaction, rewardModelId: string, scores: { completionId: string; score: number }[]): Promise<void> {
    await tx.query(
      `INSERT INTO completion_scores (reward_model_id, completion_id, score)
       SELECT $1, * FROM unnest($2::uuid[], $3::double precision[]) ON CONFLICT DO NOTHING`,
      [rewardModelId, scores.map(({ completionId }) => completionId), scores.map(({ score }) => score)],
    );
  }

  async promptExists(promptId: string): Promise<boolean> {
    const found: unknown[] = await this.rows.query('SELECT FROM prompts WHERE id = $1', [promptId]);
    return found.length > 0;
  }
}

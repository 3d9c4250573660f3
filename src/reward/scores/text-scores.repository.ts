import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import type { ScoredText } from '#src/rl/batch/reward-text.js';
import { TextScore } from './score.entity.js';

export interface HashScore {
  hash: string;
  score: number;
  /** Null for a single member. */
  memberScores: number[] | null;
}

@Injectable()
export class TextScoresRepository {
  constructor(@InjectRepository(TextScore) private readonly rows: Repository<TextScore>) {}

  /** Hashes that have a score. */
  async known(rewardModelId: string, hashes: string[]): Promise<Map<string, HashScore>> {
    const found: HashScore[] = await this.rows.query(
      `SELECT text_hash AS hash, score, member_scores AS "memberScores" FROM text_scores
       WHERE reward_model_id = $1 AND text_hash = ANY($2) AND score IS NOT NULL`,
      [rewardModelId, hashes],
    );
    return new Map(found.map((row) => [row.hash, row]));
  }

  /** Texts that wait for their score, those that have waited longest first. */
  waiting(rewardModelId: string): Promise<ScoredText[]> {
    return this.rows.query(
      'SELECT prompt, completion FROM text_scores WHERE reward_model_id = $1 AND score IS NULL ORDER BY created_at, text_hash',
      [rewardModelId],
    );
  }

  async countWaiting(rewardModelId: string): Promise<number> {
    const [{ count }]: { count: number }[] = await this.rows.query(
      'SELECT count(*)::int AS count FROM text_scores WHERE reward_model_id = $1 AND score IS NULL',
      [rewardModelId],
    );
    return count;
  }

  /** Queues texts for scoring; existing ones, scored or not, stay. */
  async request(tx: Transaction, rewardModelId: string, texts: (ScoredText & { hash: string })[]): Promise<void> {
    await tx.query(
      `INSERT INTO text_scores (reward_model_id, text_hash, prompt, completion)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
      [rewardModelId, texts.map(({ hash }) => hash), texts.map(({ prompt }) => prompt), texts.map(({ completion }) => completion)],
    );
  }

  /** Keeps scores and lets go of the texts. */
  async save(tx: Transaction, rewardModelId: string, scores: HashScore[]): Promise<void> {
    await tx.query(
      `INSERT INTO text_scores (reward_model_id, text_hash, score, member_scores)
       SELECT $1, hash, score, CASE WHEN members IS NULL THEN NULL ELSE ARRAY(SELECT jsonb_array_elements_text(members)::float8) END
       FROM unnest($2::text[], $3::float8[], $4::jsonb[]) AS given (hash, score, members)
       ON CONFLICT (reward_model_id, text_hash) DO UPDATE
       SET score = EXCLUDED.score, member_scores = EXCLUDED.member_scores, prompt = NULL, completion = NULL
       WHERE text_scores.score IS NULL`,
      [
        rewardModelId,
        scores.map(({ hash }) => hash),
        scores.map(({ score }) => score),
        scores.map(({ memberScores }) => memberScores && JSON.stringify(memberScores)),
      ],
    );
  }
}

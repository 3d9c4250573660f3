import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Transaction } from '#src/database/database.js';
import { Loop } from './loop.entity.js';
import type { ScoredAnswer } from './selection.js';

/** Questions about what a loop works on that no single room upstream can answer. */
@Injectable()
export class LoopPromptsRepository {
  constructor(@InjectRepository(Loop) private readonly loops: Repository<Loop>) {}

  /** The answers of a batch with the rewards of each member of an ensemble, prompt by prompt; those without are missing. */
  memberScores(tx: Transaction, completionBatchId: string, rewardModelId: string): Promise<ScoredAnswer[]> {
    return tx.query(
      `SELECT c.prompt_id AS "promptId", s.member_scores AS "memberScores"
       FROM completions c JOIN completion_scores s ON s.completion_id = c.id AND s.reward_model_id = $2
       WHERE c.batch_id = $1 AND s.member_scores IS NOT NULL ORDER BY c.prompt_id, c.id`,
      [completionBatchId, rewardModelId],
    );
  }

  /** Labeling batches of an iteration, open or closed. */
  async labelingBatches(tx: Transaction, loopId: string, number: number): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      `SELECT b.id FROM loop_iterations i LEFT JOIN comparisons c ON c.id = i.comparison_id
       JOIN labeling_batches b ON b.id IN (i.labeling_batch_id, c.labeling_batch_id) WHERE i.loop_id = $1 AND i.number = $2`,
      [loopId, number],
    );
    return rows.map(({ id }) => id);
  }

  /** Prompts that iterations before `number` had people rate. */
  async rated(tx: Transaction, loopId: string, number: number): Promise<Set<string>> {
    const rows: { id: string }[] = await tx.query(
      `SELECT DISTINCT m.prompt_id AS id FROM loop_iterations i JOIN prompt_set_members m ON m.prompt_set_id = i.rated_prompt_set_id
       WHERE i.loop_id = $1 AND i.number < $2`,
      [loopId, number],
    );
    return new Set(rows.map(({ id }) => id));
  }
}

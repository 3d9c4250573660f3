import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { PreferenceGroup } from './preference-groups.js';

/** The pairs of one prompt with the ids that the evaluation and the scores refer to. */
export interface StoredGroup extends PreferenceGroup {
  promptId: string;
  /** In the order of `completions`. */
  completionIds: string[];
}

export type PairSplit = 'train' | 'eval';

interface PairRow {
  promptId: string;
  chosenId: string;
  rejectedId: string;
  gap: number;
}

/** A built pair set as the reward model reads it: texts by prompt, each completion once. Ties are left out. */
@Injectable()
export class PreferenceDataRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Null for an unknown pair set; `trainable` when its train split has a pair that is no tie. */
  async pairSetState(id: string): Promise<{ built: boolean; trainable: boolean } | null> {
    const rows: { built: boolean; trainable: boolean }[] = await this.dataSource.query(
      `SELECT built_at IS NOT NULL AS built,
              EXISTS (SELECT FROM pairs p WHERE p.pair_set_id = s.id AND p.split = 'train' AND NOT p.tie) AS trainable
       FROM pair_sets s WHERE id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** The training data of the prompts with the most text, at most `limit` of them. */
  async longestGroups(pairSetId: string, limit: number): Promise<StoredGroup[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `SELECT used.prompt_id AS id
       FROM (SELECT prompt_id, chosen_completion_id AS completion_id FROM pairs WHERE pair_set_id = $1 AND split = 'train' AND NOT tie
             UNION SELECT prompt_id, rejected_completion_id FROM pairs WHERE pair_set_id = $1 AND split = 'train' AND NOT tie) used
       JOIN completions c ON c.id = used.completion_id JOIN prompts q ON q.id = used.prompt_id
       GROUP BY used.prompt_id, q.text ORDER BY sum(length(c.text)) + length(q.text) DESC LIMIT $2`,
      [pairSetId, limit],
    );
    return this.groups(pairSetId, 'train', 0, rows.map(({ id }) => id));
  }

  /** Prompts with a pair to learn, by split. */
  async countPrompts(pairSetId: string): Promise<Record<PairSplit, number>> {
    const rows: { split: PairSplit; count: number }[] = await this.dataSource.query(
      'SELECT split, count(DISTINCT prompt_id)::int AS count FROM pairs WHERE pair_set_id = $1 AND NOT tie GROUP BY split',
      [pairSetId],
    );
    const of = (split: PairSplit): number => rows.find((row) => row.split === split)?.count ?? 0;
    return { train: of('train'), eval: of('eval') };
  }

  /**
   * @param marginPerPoint times the difference of the two scores gives the margin of a pair
   * @param promptIds of all prompts when left out
   */
  async groups(pairSetId: string, split: PairSplit, marginPerPoint: number, promptIds?: string[]): Promise<StoredGroup[]> {
    const pairs: PairRow[] = await this.dataSource.query(
      `SELECT prompt_id AS "promptId", chosen_completion_id AS "chosenId", rejected_completion_id AS "rejectedId",
              chosen_score - rejected_score AS gap
       FROM pairs WHERE pair_set_id = $1 AND split = $2 AND NOT tie AND ($3::uuid[] IS NULL OR prompt_id = ANY($3))
       ORDER BY ordinal`,
      [pairSetId, split, promptIds ?? null],
    );
    const [prompts, completions] = await Promise.all([
      this.texts('prompts', pairs.map((pair) => pair.promptId)),
      this.texts('completions', pairs.flatMap((pair) => [pair.chosenId, pair.rejectedId])),
    ]);
    const groups = new Map<string, StoredGroup>();
    for (const { promptId, chosenId, rejectedId, gap } of pairs) {
      const prompt = prompts.get(promptId)!;
      const group = groups.get(promptId) ?? { promptId, prompt, completions: [], completionIds: [], pairs: [] };
      groups.set(promptId, group);
      const [chosen, rejected] = [chosenId, rejectedId].map((id) => place(group, id, completions.get(id)!));
      group.pairs.push({ chosen, rejected, margin: marginPerPoint * gap });
    }
    return [...groups.values()];
  }

  private async texts(table: 'prompts' | 'completions', ids: string[]): Promise<Map<string, string>> {
    const rows: { id: string; text: string }[] = await this.dataSource.query(
      `SELECT id, text FROM ${table} WHERE id = ANY($1)`,
      [[...new Set(ids)]],
    );
    return new Map(rows.map(({ id, text }) => [id, text]));
  }
}

/** Groups are small, so a search is as good as an index. */
function place(group: StoredGroup, id: string, text: string): number {
  const known = group.completionIds.indexOf(id);
  if (known >= 0) return known;
  group.completionIds.push(id);
  return group.completions.push(text) - 1;
}

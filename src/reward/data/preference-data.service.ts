import { Injectable } from '@nestjs/common';
import { type GroupPair, inCanonicalOrder, type PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import { type PairRow, type PairSplit, PreferenceDataRepository, type StoredGroupSize } from './preference-data.repository.js';

/** A pair of a group, with what the pair set says of it. */
type StoredPair = GroupPair & Omit<PairRow, 'promptId' | 'chosenId' | 'rejectedId'>;

/** The pairs of one prompt with the ids that the evaluation and the scores refer to. */
export interface StoredGroup extends PreferenceGroup {
  promptId: string;
  /** In the order of `completions`. */
  completionIds: string[];
  pairs: StoredPair[];
}

/** A built pair set as trainers read it: texts by prompt, each completion once. Ties only where asked for. */
@Injectable()
export class PreferenceDataService {
  constructor(private readonly repository: PreferenceDataRepository) {}

  /** Null for an unknown pair set; `trainable` when its train split has a pair that is no tie. Prompts are counted up to two. */
  async pairSetState(id: string): Promise<{ jobId: string | null; built: boolean; trainable: boolean; trainPrompts: number; evalPrompts: number } | null> {
    const state = await this.repository.pairSetState(id);
    return state ? { ...state, trainable: state.trainPrompts > 0 } : null;
  }

  /** How many prompts of the train split `trainingPairs` would keep and set aside. */
  validationPrompts(pairSetId: string, seed: number, fraction: number): Promise<{ train: number; validation: number }> {
    return this.repository.validationPrompts(pairSetId, seed, fraction);
  }

  /** The training data of the prompts with the most text, at most `limit` of them. */
  async longestGroups(pairSetId: string, limit: number): Promise<StoredGroup[]> {
    return this.groups(pairSetId, 'train', 0, { promptIds: await this.repository.longestPrompts(pairSetId, limit) });
  }

  /** What each prompt of the train split brings to a step. */
  groupSizes(pairSetId: string): Promise<StoredGroupSize[]> {
    return this.repository.groupSizes(pairSetId);
  }

  /** Prompts with a pair to learn, by split. */
  async countPrompts(pairSetId: string): Promise<Record<PairSplit, number>> {
    return bySplit(await this.repository.countPrompts(pairSetId));
  }

  /** Of the prompts and completions of pairs, each once, by split. */
  async countCharacters(pairSetId: string): Promise<Record<PairSplit, number>> {
    return bySplit(await this.repository.countCharacters(pairSetId));
  }

  /**
   * Ordered by text, which is the same on every installation with the same data.
   *
   * @param marginPerPoint times the difference of the two scores gives the margin of a pair
   * @param promptIds of all prompts when left out
   * @param ties with those that the pair set kept
   */
  async groups(
    pairSetId: string,
    split: PairSplit,
    marginPerPoint: number,
    { promptIds, ties = false }: { promptIds?: string[]; ties?: boolean } = {},
  ): Promise<StoredGroup[]> {
    const pairs = await this.repository.pairs(pairSetId, split, promptIds ?? null, ties);
    const [prompts, completions] = await Promise.all([
      this.repository.prompts(pairs.map((pair) => pair.promptId)),
      this.repository.completions(pairs.flatMap((pair) => [pair.chosenId, pair.rejectedId])),
    ]);
    const groups = new Map<string, StoredGroup>();
    for (const { promptId, chosenId, rejectedId, ...pair } of pairs) {
      const prompt = prompts.get(promptId)!;
      const group = groups.get(promptId) ?? { promptId, prompt, completions: [], completionIds: [], pairs: [] };
      groups.set(promptId, group);
      const [chosen, rejected] = [chosenId, rejectedId].map((id) => place(group, id, completions.get(id)!));
      group.pairs.push({ ...pair, chosen, rejected, margin: marginPerPoint * pair.gap });
    }
    return inCanonicalOrder([...groups.values()]);
  }
}

function bySplit(rows: readonly { split: PairSplit; count: number }[]): Record<PairSplit, number> {
  const of = (split: PairSplit): number => rows.find((row) => row.split === split)?.count ?? 0;
  return { train: of('train'), eval: of('eval') };
}

/** Groups are small, so a search is as good as an index. */
function place(group: StoredGroup, id: string, text: string): number {
  const known = group.completionIds.indexOf(id);
  if (known >= 0) return known;
  group.completionIds.push(id);
  return group.completions.push(text) - 1;
}

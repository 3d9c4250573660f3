/** The members of a reward model as one scorer: the mean of their rewards, and each one's own. */
import { ensembleRewards } from './ensemble.js';
import { type RewardScorer, type ScoreControl } from './reward-scorer.js';
import { type ScoredText } from '../batch/reward-text.js';

export interface EnsembleMember {
  scorer: RewardScorer;
  /** Taken off its rewards; see ensemble.ts. Of a single member, 0. */
  offset: number;
}

export class EnsembleScorer {
  /** @throws RangeError without members */
  constructor(private readonly members: readonly EnsembleMember[]) {
    if (members.length === 0) throw new RangeError('an ensemble needs a member');
  }

  /** Rewards in the order of `items`; rejects with the signal's reason. */
  async score(items: readonly ScoredText[], control: ScoreControl = {}): Promise<Float64Array> {
    const rewards = await this.scoreMembers(items, control);
    return ensembleRewards(rewards, rewards.map(() => 0));
  }

  /** By member: rewards without its offset. */
  async scoreMembers(items: readonly ScoredText[], { signal, onProgress }: ScoreControl = {}): Promise<Float64Array[]> {
    const found: Float64Array[] = [];
    for (const [index, { scorer, offset }] of this.members.entries()) {
      const tell = (done: number, total: number) => onProgress?.(index * total + done, this.members.length * total);
      const rewards = await scorer.score(items, { signal, onProgress: tell });
      found.push(rewards.map((reward) => reward - offset));
    }
    return found;
  }

  async dispose(): Promise<void> {
    for (const { scorer } of this.members) await scorer.dispose();
  }
}

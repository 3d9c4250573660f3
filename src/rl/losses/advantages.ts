/**
 * Group-relative advantages (Shao et al. 2024, DeepSeekMath, arXiv:2402.03300, section 4.1.2):
 * the baseline of a completion is the mean reward of the completions of the same prompt.
 */
import { mean, sampleDeviation } from '#src/common/statistics.js';

export interface GroupAdvantages {
  /** One per reward, in the order given. */
  advantages: number[];
  /** Mean over groups of the standard deviation inside a group. */
  rewardStd: number;
  /** Share of groups with equal rewards, which give no gradient. */
  fracZeroStd: number;
  /** Which groups these are. */
  zeroVariance: boolean[];
}

/** Below this a deviation is rounding, as in TRL's `torch.isclose(std, 0)`. */
const zeroStd = 1e-8;
/** Added to the deviation, as TRL does. */
const epsilon = 1e-4;

/**
 * @param rewards group after group, each of `groupSize`
 * @param scale divide by the group's standard deviation (the paper) or not (Liu et al. 2025, "Dr. GRPO",
 *   arXiv:2503.20783: the division favours prompts that are too easy or too hard)
 * @throws RangeError when the rewards are not whole groups of at least 2, or one is not finite
 */
export function groupAdvantages(
  rewards: readonly number[],
  groupSize: number,
  scale: boolean,
): GroupAdvantages {
  const groups = rewardGroups(rewards, groupSize);
  const stds = groups.map(sampleDeviation);
  const advantages = groups.flatMap((group, g) => {
    const std = stds[g];
    if (std <= zeroStd) return group.map(() => 0);
    const center = mean(group);
    return group.map((reward) => (reward - center) / (scale ? std + epsilon : 1));
  });
  return { advantages, ...spread(stds) };
}

/** From the deviations inside the groups. */
export function spread(stds: readonly number[]): Omit<GroupAdvantages, 'advantages'> {
  const zeroVariance = stds.map((std) => std <= zeroStd);
  return { rewardStd: mean(stds), fracZeroStd: zeroVariance.filter(Boolean).length / stds.length, zeroVariance };
}

/** Rewards by prompt. @throws RangeError when they are not whole groups of at least 2, or one is not finite */
export function rewardGroups(rewards: readonly number[], groupSize: number): number[][] {
  if (!Number.isInteger(groupSize) || groupSize < 2)
    throw new RangeError(`a group needs at least 2 completions, got ${groupSize}`);
  if (rewards.length === 0 || rewards.length % groupSize !== 0) {
    throw new RangeError(`${rewards.length} rewards are not whole groups of ${groupSize}`);
  }
  const bad = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (bad >= 0) throw new RangeError(`reward ${bad} is ${rewards[bad]}`);
  return Array.from({ length: rewards.length / groupSize }, (_, g) =>
    rewards.slice(g * groupSize, (g + 1) * groupSize),
  );
}

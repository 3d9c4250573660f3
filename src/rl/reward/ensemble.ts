/**
 * Several reward models as one (Coste et al. 2023, arXiv:2310.02743): members differ by their seed, that is, by the head
 * they start from and the order of the data. The reward is their mean; how far they disagree says where the data did not
 * decide, and where a policy may find rewards that are not meant.
 *
 * A reward model's offset is free (only differences are trained), so that each member's mean over the evaluated completions
 * is taken off first, or members would seem to disagree about everything. A single one keeps its rewards as they are.
 */
import { deviation, mean } from '#src/common/statistics.js';

/** Mean over members [completions]. @param offsets each member's mean reward, see above */
export function ensembleRewards(memberRewards: readonly ArrayLike<number>[], offsets: readonly number[]): Float64Array {
  if (memberRewards.length === 1) return Float64Array.from(memberRewards[0]);
  return Float64Array.from({ length: memberRewards[0].length }, (_, i) => mean(memberRewards.map((rewards, m) => rewards[i] - offsets[m])));
}

/** Population standard deviation over members, of each completion. */
export function disagreementOf(memberRewards: readonly ArrayLike<number>[], offsets: readonly number[]): Float64Array {
  return Float64Array.from({ length: memberRewards[0].length }, (_, i) => deviation(memberRewards.map((rewards, m) => rewards[i] - offsets[m])));
}

export interface PairDisagreement {
  /** Indices of the two. */
  a: number;
  b: number;
  /** Standard deviation over members of the difference of their rewards. */
  disagreement: number;
  /** Share of members that prefer `a`; equal rewards count half. */
  preferA: number;
}

/**
 * Every pair of completions, most disputed first: what people should see next (query by committee, Seung et al. 1992; for
 * preferences Gleave & Irving 2022, arXiv:2203.07472). Offsets cancel in differences.
 */
export function disputedPairs(memberRewards: readonly ArrayLike<number>[]): PairDisagreement[] {
  const count = memberRewards[0]?.length ?? 0;
  const pairs: PairDisagreement[] = [];
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const gaps = memberRewards.map((rewards) => rewards[a] - rewards[b]);
      pairs.push({ a, b, disagreement: deviation(gaps), preferA: mean(gaps.map((gap) => (Math.sign(gap) + 1) / 2)) });
    }
  }
  return pairs.sort((x, y) => y.disagreement - x.disagreement || x.a - y.a || x.b - y.b);
}

import type { FaultReport } from './fault.js';

/** One line per promise that did not hold; the command then exits with 1. */
export function brokenPromises({ rounds, lost, doubled, stuck, hashesEqual, slow = [] }: FaultReport): string[] {
  const counted = Object.entries({ lost, doubled, stuck }).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${what} in ${rounds} rounds`],
  );
  return [...counted, ...(hashesEqual === false ? ['a result differs from that of the undisturbed run'] : []), ...slow];
}

import type { FaultReport } from './fault.js';

/** One line per promise that did not hold; the command then exits with 1. */
export function brokenPromises({ rounds, lost, doubled, stuck, hashesEqual, slow = [], broken = [], unproven = [] }: FaultReport): string[] {
  const counted = Object.entries({ lost, doubled, stuck }).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${what} in ${rounds} rounds`],
  );
  return [...counted, ...(hashesEqual === false ? ['a result differs from that of the undisturbed run'] : []), ...slow, ...broken, ...unproven];
}

/** A drill that killed nobody passes all its counts, and one in which everybody started over shows nothing of saves. */
export function unprovenBy(name: string, { rounds, kills, resumed }: { rounds: number; kills: number; resumed?: number }): string[] {
  return [
    ...(kills < rounds ? [`${name}: ${kills} kills in ${rounds} rounds`] : []),
    ...(resumed === 0 ? [`${name}: nobody went on from a save`] : []),
  ];
}

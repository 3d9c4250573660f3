import { closedLoop } from '../system/keep-alive.js';

export interface Turns {
  /** One figure per block. */
  perSecond: number[];
  /** Milliseconds of each single call, all blocks together. */
  latencies: number[];
}

/**
 * Gives every block to every side, one side at a time while the others rest. Who begins changes from block to block:
 * whatever drifts on the machine meanwhile then falls on all sides alike.
 */
export async function takeTurns<T>(
  sides: readonly ((item: T) => Promise<void>)[],
  blocks: readonly (readonly T[])[],
  connections: number,
): Promise<Turns[]> {
  const turns = sides.map((): Turns => ({ perSecond: [], latencies: [] }));
  for (const [round, block] of blocks.entries()) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = (round + turn) % sides.length;
      const { perSecond, latencies } = turns[side];
      const seconds = await closedLoop(block.length, connections, async (i) => {
        const started = performance.now();
        await sides[side](block[i]);
        latencies.push(performance.now() - started);
      });
      perSecond.push(block.length / seconds);
    }
  }
  return turns;
}

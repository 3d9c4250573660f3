// npm run faults -- processes: what happens to the processes of `npm start`, on a system of its own. Parts are killed, the whole is
// started twice, ended by SIGTERM to npm alone, ended while it boots. Everything must come back or be gone, and no row be lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { Rng } from '#src/common/rng.js';
import type { Drill, FaultReport } from './fault.js';
import { Started } from './processes/started.js';
import { withFolder } from './processes/folder.js';
import { unprovenBy } from './report.js';

const parts = ['recover', 'second', 'supervisor', 'stop', 'boot', 'loop'] as const;
type Part = (typeof parts)[number];
/** Within which a start on a prepared folder is ended at some moment. */
const bootMs = 9000;
const bootsPerRound = 3;

interface Tally {
  kills: number;
  broken: string[];
  seconds: Record<string, number[]>;
}

export function processes({ rounds, only, notes }: Drill): Promise<FaultReport> {
  const wanted = new Set<Part>(parts.filter((part) => !only || only.includes(part)));
  return withFolder(async (folder) => {
    const tally: Tally = { kills: 0, broken: [], seconds: {} };
    let system = await Started.npmStart(folder);
    const lasting = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      const at = performance.now();
      try {
        await work();
      } catch (error) {
        tally.broken.push(`${what}: ${(error as Error).message}`);
      }
      (tally.seconds[what] ??= []).push(Math.round(performance.now() - at) / 1000);
    };
    for (let round = 0; round < rounds; round++) {
      await system.write(20);
      if (wanted.has('recover')) {
        for (const part of ['worker', 'api', 'postgres'] as const) {
          process.kill(await system.pidOf(part), 'SIGKILL');
          tally.kills++;
          await lasting(`after a killed ${part}`, () => system.works());
          await system.write(5);
        }
      }
      if (wanted.has('second')) {
        await lasting('second start', () => system.refusesSecond());
        await lasting('first after the second', () => system.works());
      }
      if (wanted.has('supervisor')) {
        process.kill(await system.pidOf('supervisor'), 'SIGKILL');
        tally.kills++;
        await lasting('children of a killed supervisor', () => system.left((name) => name !== 'postgres'));
        system = await Started.npmStart(folder, system.accepted);
        await lasting('start after a killed supervisor', () => system.works());
      }
      if (wanted.has('stop')) {
        process.kill(system.npmPid, 'SIGTERM');
        await lasting('SIGTERM to npm', () => system.left());
        system = await Started.npmStart(folder, system.accepted);
      }
      if (wanted.has('boot')) {
        await system.stop();
        await lasting('SIGTERM to the supervisor', () => system.left());
        for (let boot = 0; boot < bootsPerRound; boot++) {
          const after = Rng.from(`boot/${round}/${boot}`).int(bootMs);
          const booting = Started.npm(folder, system.accepted);
          await sleep(after);
          process.kill(booting.npmPid, 'SIGTERM');
          await lasting('SIGTERM during boot', () => booting.left());
        }
        system = await Started.npmStart(folder, system.accepted);
      }
      if (wanted.has('loop')) {
        await lasting('a worker that keeps dying', () => system.endsOfLoop());
        system = await Started.npmStart(folder, system.accepted);
      }
      notes(`round ${round + 1} of ${rounds}: ${tally.broken.length === 0 ? 'all came back or was gone' : tally.broken.join('; ')}`);
    }
    await lasting('work at the end', () => system.works());
    const { lost, doubled } = await system.count();
    await system.stop();
    await lasting('the end', () => system.left());
    const kills = wanted.has('recover') || wanted.has('supervisor') ? unprovenBy('processes', { rounds, kills: tally.kills }) : [];
    return { rounds, lost, doubled, stuck: 0, hashesEqual: null, unproven: kills, broken: tally.broken, kills: tally.kills, written: system.accepted.length, secondsToCome: tally.seconds };
  });
}

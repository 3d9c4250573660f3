// npm run bench -- labeling: what a labeling vendor feels. Ratings one by one beside Label Studio (LABEL_STUDIO names
// its program; without it there is no peer), claims, and then what the areas `ratings` and `quality` measure.
import { Client } from 'pg';
import type { AreaResult, Notes } from '../area.js';
import { claimTasks } from '../labeling/claims.js';
import { LabelStudio } from '../labeling/label-studio.js';
import { benchCase, type BenchCase } from '../report.js';
import { quantile } from '../statistics.js';
import { closedLoop } from '../system/keep-alive.js';
import { makeMaterial } from '../system/rated-completions.js';
import { withSystem } from '../../system/temporary-system.js';
import { quality } from './quality.js';
import { ratings, single } from './ratings.js';

const size = { prompts: 2500, perPrompt: 10, labelers: 50, words: 40 };
/** Enough for the peer to show its speed; it is the slower side. */
const peerRatings = 400;

export async function labeling(notes: Notes): Promise<AreaResult> {
  const peer = await labelStudio(notes);
  const results = [await ratings(notes, peer), { cases: await claims(notes), broken: [] }, await quality(notes)];
  return { cases: results.flatMap(({ cases }) => cases), broken: results.flatMap(({ broken }) => broken) };
}

/** Ratings per second of the peer, over as many connections as ours get. */
async function labelStudio(notes: Notes): Promise<{ name: string; value: number } | undefined> {
  const program = process.env.LABEL_STUDIO;
  if (!program) {
    notes('no peer: LABEL_STUDIO names no program');
    return undefined;
  }
  notes('starting Label Studio');
  const studio = await LabelStudio.start(program, single.connections);
  try {
    const tasks = await studio.project(Array.from({ length: peerRatings }, (_, i) => ({ prompt: `question ${i}`, answer: `answer ${i}` })));
    notes(`${peerRatings} ratings to ${studio.name}`);
    await closedLoop(single.connections, single.connections, (i) => studio.rate(tasks[i], 3));
    const seconds = await closedLoop(peerRatings, single.connections, (i) => studio.rate(tasks[i], 1 + (i % 5)));
    return { name: `${studio.name}, POST of an annotation`, value: peerRatings / seconds };
  } finally {
    await studio.stop();
  }
}

function claims(notes: Notes): Promise<BenchCase[]> {
  return withSystem({ workers: 0 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    try {
      const material = await makeMaterial(database, system.client, size);
      notes('claims');
      const { perSecond, latencies, tasks } = await claimTasks(system, database, material);
      const what = `claim of one of ${tasks} tasks, 32 connections`;
      return [
        benchCase(what, 'claims/s', perSecond),
        benchCase(`${what}, p50`, 'ms', quantile(latencies, 0.5)),
        benchCase(`${what}, p99`, 'ms', quantile(latencies, 0.99)),
      ];
    } finally {
      await database.end();
    }
  });
}

// npm run bench -- labeling: what a labeling vendor feels. The same ratings one by one to us and to Label Studio in turns
// (LABEL_STUDIO names its program; without it there is no peer), claims, and then what the areas `ratings` and `quality`
// measure.
import { Client } from 'pg';
import { setting } from '#src/config/environment.js';
import type { AreaResult, Notes } from '../area.js';
import { claimTasks } from '../labeling/claims.js';
import { LabelStudio } from '../labeling/label-studio.js';
import { completionsNeeded, load, sameRatings } from '../labeling/same-ratings.js';
import { benchCase, type BenchCase } from '../report.js';
import { quantile } from '../statistics.js';
import { makeMaterial, type Material } from '../system/rated-completions.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import { quality } from './quality.js';
import { ratings } from './ratings.js';

const size = { prompts: 2500, perPrompt: 10, labelers: 50, words: 40 };
const compared = { prompts: Math.ceil(completionsNeeded / 10), perPrompt: 10, labelers: 4, words: 40 };

export async function labeling(notes: Notes): Promise<AreaResult> {
  const results = [{ cases: [...(await besideLabelStudio(notes)), ...(await claims(notes))], broken: [] }, await ratings(notes), await quality(notes)];
  return { cases: results.flatMap(({ cases }) => cases), broken: results.flatMap(({ broken }) => broken) };
}

async function besideLabelStudio(notes: Notes): Promise<BenchCase[]> {
  const program = setting('LABEL_STUDIO');
  if (!program) {
    notes('no peer: LABEL_STUDIO names no program');
    return [];
  }
  notes('starting Label Studio');
  const studio = await LabelStudio.start(program, load.connections);
  try {
    return await withMaterial(compared, (system, database, material) => {
      notes(`${completionsNeeded} ratings to each side, ${studio.name} the other one`);
      return sameRatings(system, database, material, studio, notes);
    });
  } finally {
    await studio.stop();
  }
}

function claims(notes: Notes): Promise<BenchCase[]> {
  return withMaterial(size, async (system, database, material) => {
    notes('claims');
    const { perSecond, latencies, tasks } = await claimTasks(system, database, material);
    const what = `claim of one of ${tasks} tasks, 32 connections`;
    return [
      benchCase(what, 'claims/s', perSecond),
      benchCase(`${what}, p50`, 'ms', quantile(latencies, 0.5)),
      benchCase(`${what}, p99`, 'ms', quantile(latencies, 0.99)),
    ];
  });
}

/** A fresh system without workers, filled with this much. */
function withMaterial<T>(material: typeof size, work: (system: TemporarySystem, database: Client, material: Material) => Promise<T>): Promise<T> {
  return withSystem({ workers: 0 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    try {
      return await work(system, database, await makeMaterial(database, system.client, material));
    } finally {
      await database.end();
    }
  });
}

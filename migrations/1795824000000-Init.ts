import type { MigrationInterface, QueryRunner } from 'typeorm';
import { artifacts } from './init/artifacts.js';
import { auth } from './init/auth.js';
import { comparisons } from './init/comparisons.js';
import { completions } from './init/completions.js';
import { events } from './init/events.js';
import { jobs } from './init/jobs.js';
import { labeling } from './init/labeling.js';
import { loops } from './init/loops.js';
import { pairs } from './init/pairs.js';
import { policies } from './init/policies.js';
import { prompts } from './init/prompts.js';
import { ratings } from './init/ratings.js';
import { reward } from './init/reward.js';
import { training } from './init/training.js';
import { webhooks } from './init/webhooks.js';
import { ratingReferences } from './init/rating-references.js';

const rooms = [auth, events, jobs, artifacts, prompts, policies, completions, ratings, labeling, pairs, reward, training, comparisons, loops, webhooks, ratingReferences];

/**
 * The whole first schema, in pipeline order. Ids are UUIDv7 made by the application, so that `order by id` is order of creation
 * and cursors need no second column.
 */
export class Init1795824000000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    for (const sql of rooms) await q.query(sql);
  }

  async down(q: QueryRunner): Promise<void> {
    const made = (what: 'TABLE' | 'FUNCTION') => rooms.flatMap((sql) => [...sql.matchAll(new RegExp(`CREATE (?:OR REPLACE )?${what} (\\w+)`, 'g'))].map(([, name]) => name));
    await q.query(`DROP TABLE ${made('TABLE').join(', ')} CASCADE`);
    await q.query(`DROP FUNCTION ${made('FUNCTION').join(', ')}`);
  }
}

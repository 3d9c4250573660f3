// A million ratings, written straight into the tables: how they come in is measured elsewhere.
import type { Client } from 'pg';
import type { Plumbline } from '#sdk/client.js';
import { ensureCriterionVersion } from '../../scripts/client/ensure.js';

export interface MillionRatings {
  criterionId: string;
  criterionVersionId: string;
  /** One of the simulated labelers. */
  labelerId: string;
  ratings: number;
}

const million = { prompts: 25_000, perPrompt: 10, labelers: 100, perCompletion: 4 } as const;

/**
 * Simulated labelers from careful to careless; each completion has a quality, and ratings scatter about it. Positions
 * and times are made up too.
 */
export async function makeMillionRatings(database: Client, client: Plumbline): Promise<MillionRatings> {
  const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: `level ${value}` }));
  const version = await ensureCriterionVersion(client, { name: 'a million', instructions: 'Made up for a benchmark.', scale });
  const { prompts, perPrompt, labelers, perCompletion } = million;
  await database.query('SELECT setseed(0.5)');
  await database.query(`SET session_replication_role = replica; SET synchronous_commit = off`);
  await database.query(
    `INSERT INTO prompts (id, text, text_key, external_id)
     SELECT uuidv7(), 'made-up prompt ' || n, encode(sha256(convert_to('made-up prompt ' || n, 'UTF8')), 'hex'), 'million-' || n FROM generate_series(1, ${prompts}) n`,
  );
  await database.query(
    `INSERT INTO completions (id, prompt_id, text, source)
     SELECT uuidv7(), p.id, repeat(md5(p.id::text || n) || ' ', 1 + (random() * 8)::int), 'bench'
     FROM prompts p CROSS JOIN generate_series(1, ${perPrompt}) n WHERE p.external_id LIKE 'million-%'`,
  );
  await database.query(
    `INSERT INTO labelers (id, external_id, simulated) SELECT uuidv7(), 'million-' || n, true FROM generate_series(1, ${labelers}) n`,
  );
  const { rowCount } = await database.query(
    `WITH people AS MATERIALIZED (
       SELECT id, (row_number() OVER (ORDER BY id))::int - 1 AS n FROM labelers WHERE external_id LIKE 'million-%'),
     rated AS MATERIALIZED (
       SELECT c.id, 1 + 4 * random() AS quality, (random() * ${labelers})::int AS first
       FROM completions c JOIN prompts p ON p.id = c.prompt_id WHERE p.external_id LIKE 'million-%')
     INSERT INTO ratings (id, completion_id, criterion_version_id, labeler_id, score, position, time_spent_ms)
     SELECT uuidv7(), r.id, $1, l.id, greatest(1, least(5, round(r.quality + (0.3 + l.n / ${labelers}.0) * random_normal()))),
            (random() * ${perPrompt - 1})::int, (8000 * exp(0.5 * random_normal()))::int
     FROM rated r CROSS JOIN generate_series(0, ${perCompletion - 1}) k JOIN people l ON l.n = (r.first + k * 17) % ${labelers}`,
    [version.id],
  );
  await database.query('SET session_replication_role = origin');
  await database.query('VACUUM ANALYZE prompts, completions, labelers, ratings');
  const { rows } = await database.query<{ id: string }>(`SELECT id FROM labelers WHERE external_id = 'million-50'`);
  return { criterionId: version.criterionId, criterionVersionId: version.id, labelerId: rows[0].id, ratings: rowCount! };
}

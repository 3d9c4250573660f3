// The last stage: is the new policy better? Simulated labelers judge blind pairs of held-out answers, without
// knowing which policy wrote which; only afterwards the sides are revealed and invented facts counted.
import type { Schemas } from '#sdk/client.js';
import { assess } from '../starter/judge.js';
import { prefer, SIMULATED_LABELERS } from '../simulated/labelers.js';
import type { Session } from './session.js';
import type { Settings } from './settings.js';
import { percent } from './stages.js';

type Item = Schemas['ComparisonItemDto'];

export interface ComparisonOutcome {
  result: { winRate: number; low: number; high: number; n: number };
  inventedFacts: { before: number; after: number };
}

export function comparePolicies(
  session: Session,
  { sampling, seed }: Settings,
  baseline: string,
  candidate: string,
  promptSetId: string,
): Promise<ComparisonOutcome> {
  return session.stage('comparison', async (progress) => {
    const { owner, vendor } = session;
    const body = {
      baselineVersionId: baseline,
      candidateVersionId: candidate,
      promptSetId,
      sampling: { ...sampling, seed: seed + 1 },
      judge: { type: 'labelers' as const, judgementsPerItem: SIMULATED_LABELERS.length },
    };
    const { id, jobId } = await owner.ok(owner.http.POST('/v1/comparisons', { body }));
    await session.job(jobId, progress);

    const blind = await items(session, id, false);
    const lines = blind.flatMap(({ itemId, prompt, left, right }) =>
      SIMULATED_LABELERS.map((labeler) => ({
        itemId,
        labelerExternalId: labeler.name,
        preference: prefer(prompt, left, right, labeler, seed),
      })),
    );
    const posted = await vendor.bulk(`/v1/comparisons/${id}/judgements/bulk`, lines);
    if (posted.failed > 0) throw new Error(`${posted.failed} judgements were refused`);

    const { result } = await owner.ok(owner.http.GET('/v1/comparisons/{id}', { params: { path: { id } } }));
    const { winRate, low, high, n } = result!;
    const inventedFacts = countInvented(await items(session, id, true));
    return {
      value: { result: { winRate, low, high, n }, inventedFacts },
      count: n,
      figure:
        `win rate ${percent(winRate)} (95% interval ${percent(low)} to ${percent(high)}), ` +
        `invented facts ${percent(inventedFacts.before)} before, ${percent(inventedFacts.after)} after`,
      path: `/v1/comparisons/${id}`,
    };
  });
}

async function items(session: Session, id: string, reveal: boolean): Promise<Item[]> {
  const all: Item[] = [];
  const { http } = session.owner;
  for await (const item of session.owner.pages((cursor) =>
    http.GET('/v1/comparisons/{id}/items', { params: { path: { id }, query: { limit: 500, cursor, reveal } } }),
  )) {
    all.push(item);
  }
  return all;
}

function countInvented(revealed: readonly Item[]): { before: number; after: number } {
  const share = (side: 'baseline' | 'candidate') => {
    const invented = revealed.filter(({ prompt, left, right, revealed: truth }) => {
      const candidateIsLeft = truth!.candidateSide === 'left';
      const text = candidateIsLeft === (side === 'candidate') ? left : right;
      return assess(prompt, text).invented;
    });
    return invented.length / revealed.length;
  };
  return { before: share('baseline'), after: share('candidate') };
}

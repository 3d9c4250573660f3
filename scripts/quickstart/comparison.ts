// The last stage: is the new policy better? Simulated labelers judge blind pairs of held-out answers, without
// knowing which policy wrote which; only afterwards the sides are revealed and invented facts counted.
import type { Schemas } from '#sdk/client.js';
import { assess } from '../../tools/starter/judge.js';
import { prefer, SIMULATED_LABELERS } from '../simulated/labelers.js';
import type { Session } from './session.js';
import type { Settings } from './settings.js';
import { isWorse, tagRates, worstTag } from './report.js';
import { percent } from './stages.js';

type Item = Schemas['ComparisonItemDto'];

export interface ComparisonOutcome {
  result: Schemas['ComparisonResultDto'];
  /** Shares of answers with one. */
  inventedFacts: { before: number; after: number };
  /** Mean characters of an answer. */
  length: { before: number; after: number };
}

export function comparePolicies(
  session: Session,
  { sampling, seed }: Settings,
  baseline: string,
  candidate: string,
  promptSetId: string,
): Promise<ComparisonOutcome> {
  return session.stage('comparison', async (progress) => {
    const { owner } = session;
    const body = {
      baselineVersionId: baseline,
      candidateVersionId: candidate,
      promptSetId,
      sampling: { ...sampling, seed: seed + 1 },
      judge: { type: 'labelers' as const, judgementsPerItem: SIMULATED_LABELERS.length },
    };
    const { id, jobId } = await owner.ok(owner.http.POST('/v1/comparisons', { body }));
    await session.job(jobId, progress);

    await judgeBySimulation(session, id, seed);
    const outcome = await comparisonOutcome(session, id);
    return {
      value: outcome,
      count: outcome.result.n,
      figure: comparisonFigure(outcome),
      path: `/v1/comparisons/${id}`,
    };
  });
}

/** Win rates with 95% intervals, the one at equal length and the worst tag among them: a gain may hide a loss. */
export function comparisonFigure({ result, inventedFacts, length }: ComparisonOutcome): string {
  const rate = (of: { winRate: number; low: number; high: number }) => `${percent(of.winRate)} (${percent(of.low)} to ${percent(of.high)})`;
  const worst = worstTag(tagRates(result.byTag));
  const lost = worst && isWorse(worst) ? ': LOST GROUND HERE' : '';
  return [
    `win rate of the new policy ${rate(result)}`,
    `at equal length ${rate(result.lengthControlled)}; answers had ${length.before.toFixed(0)} characters, now ${length.after.toFixed(0)}`,
    ...(worst ? [`worst tag: ${worst.tag} ${rate(worst)} of ${worst.n}${lost}`] : []),
    `invented facts in ${percent(inventedFacts.before)} of answers before, ${percent(inventedFacts.after)} after`,
  ].join('\n');
}

/** Each simulated labeler judges every item blind, and posts as a vendor would. */
export async function judgeBySimulation(session: Session, id: string, seed: number): Promise<void> {
  const blind = await items(session, id, false);
  const lines = blind.flatMap(({ itemId, prompt, left, right }) =>
    SIMULATED_LABELERS.map((labeler) => ({
      itemId,
      labelerExternalId: labeler.name,
      preference: prefer(prompt, left, right, labeler, seed),
    })),
  );
  const posted = await session.vendor.bulk(`/v1/comparisons/${id}/judgements/bulk`, lines);
  if (posted.failed > 0) throw new Error(`${posted.failed} judgements were refused`);
}

/** Of a complete comparison; only here the sides are revealed. */
export async function comparisonOutcome(session: Session, id: string): Promise<ComparisonOutcome> {
  const { owner } = session;
  const { result } = await owner.ok(owner.http.GET('/v1/comparisons/{id}', { params: { path: { id } } }));
  const answers = (await items(session, id, true)).map(({ prompt, left, right, revealed }) => {
    const [before, after] = revealed!.candidateSide === 'left' ? [right, left] : [left, right];
    return { prompt, before, after };
  });
  const mean = (value: (answer: (typeof answers)[number]) => number) =>
    answers.reduce((sum, answer) => sum + value(answer), 0) / answers.length;
  const invented = (prompt: string, text: string) => (assess(prompt, text).invented ? 1 : 0);
  return {
    result: result!,
    inventedFacts: {
      before: mean(({ prompt, before }) => invented(prompt, before)),
      after: mean(({ prompt, after }) => invented(prompt, after)),
    },
    length: { before: mean(({ before }) => before.length), after: mean(({ after }) => after.length) },
  };
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

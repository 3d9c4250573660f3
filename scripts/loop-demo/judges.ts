// Who rates and judges in the loop: simulated labelers, which post what people would post through the public API, or
// people, who are shown where to do it and waited for.
import type { Schemas } from '#sdk/client.js';
import { postInChunks } from '../client/bulk.js';
import { ensureLabeler } from '../client/ensure.js';
import { judgeBySimulation } from '../quickstart/comparison.js';
import type { Session } from '../quickstart/session.js';
import { ratingLines } from '../quickstart/stages.js';
import type { LoopDemoSettings } from './settings.js';

type Loop = Schemas['LoopDto'];
type Iteration = Schemas['LoopIterationDetailDto'];

export interface Judges {
  readonly judgedBy: 'simulated labelers' | 'people';
  /** What a loop is told of them. */
  readonly ratings: Schemas['LoopRatingsDto'];
  readonly judge: Schemas['CreateLoopDto']['judge'];
  rate(loop: Loop, iteration: Iteration): Promise<void>;
  judgeComparison(comparisonId: string): Promise<void>;
}

export function simulatedJudges(session: Session, settings: LoopDemoSettings, labelers: number): Judges {
  return {
    judgedBy: 'simulated labelers',
    ratings: { perCompletion: labelers },
    judge: { type: 'labelers', judgementsPerItem: labelers },
    rate: async (loop, { number }) => {
      const rows: Schemas['LoopCompletionDto'][] = [];
      const path = { id: loop.id, number };
      for await (const row of session.owner.pages((cursor) =>
        session.owner.http.GET('/v1/loops/{id}/iterations/{number}/completions', { params: { path, query: { limit: 500, cursor } } }),
      )) {
        rows.push(row);
      }
      const seen = new Map<string, number>();
      const shown = rows.map((row) => {
        const sampleIndex = seen.get(row.promptId) ?? 0;
        seen.set(row.promptId, sampleIndex + 1);
        return { ...row, sampleIndex };
      });
      const totals = await postInChunks(session.vendor, '/v1/ratings/bulk', ratingLines(session, settings, loop.criterionVersionId, shown));
      if (totals.failed > 0) throw new Error(`${totals.failed} ratings were refused: ${JSON.stringify(totals.failures[0])}`);
    },
    judgeComparison: (comparisonId) => judgeBySimulation(session, comparisonId, settings.seed),
  };
}

/** @param vendorId whose labelers are shown the tasks, beside labelers that belong to no vendor */
export function people(session: Session, criterionVersionId: string, vendorId: string): Judges {
  const vendorIds = [vendorId];
  const told = new Set<string>();
  const tell = async (labelingBatchId: string, what: string) => {
    if (told.has(labelingBatchId)) return;
    told.add(labelingBatchId);
    console.log(`\n  ${what} wait for you: ${await linkFor(session, labelingBatchId)}`);
    console.log(`  how far they are: ${session.baseUrl}/v1/labeling-batches/${labelingBatchId}\n`);
  };
  return {
    judgedBy: 'people',
    ratings: { perCompletion: 1, vendorIds },
    judge: { type: 'labeling-batch', criterionVersionId, vendorIds, overlap: 1 },
    rate: async (_, { labelingBatchId }) => {
      await tell(labelingBatchId!, 'Answers');
      await new Promise((resolve) => setTimeout(resolve, 3000));
    },
    judgeComparison: async (id) => {
      const comparison = await session.owner.ok(session.owner.http.GET('/v1/comparisons/{id}', { params: { path: { id } } }));
      await tell(comparison.labelingBatchId!, 'Pairs of answers');
      await new Promise((resolve) => setTimeout(resolve, 3000));
    },
  };
}

/** Of the labeler's page, for whoever sits at the terminal. */
async function linkFor({ owner, baseUrl }: Session, labelingBatchId: string): Promise<string> {
  const { id } = await ensureLabeler(owner, { externalId: 'you', displayName: 'You', simulated: false });
  const { path } = await owner.ok(owner.http.POST('/v1/labelers/{id}/sessions', { params: { path: { id } }, body: { labelingBatchId } }));
  return baseUrl + path;
}

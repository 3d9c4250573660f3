// A loop of several iterations on the starter policy, everything over REST: it is made, followed from state to state,
// served by its judges, and measured against the policy that it began with.
import type { Schemas } from '#sdk/client.js';
import { comparisonOutcome, type ComparisonOutcome } from '../quickstart/comparison.js';
import type { Session } from '../quickstart/session.js';
import type { PromptSets } from '../quickstart/stages.js';
import { paragraph } from './summary.js';
import type { Judges } from './judges.js';
import { iterationRow } from './iteration-row.js';
import type { IterationRow, LoopDemoReport } from './report.js';
import type { LoopDemoSettings } from './settings.js';

type Loop = Schemas['LoopDto'];

export interface LoopDemoInputs {
  prompts: PromptSets;
  firstVersionId: string;
  criterionVersionId: string;
  iterations: number;
}

export async function runLoop(
  session: Session,
  settings: LoopDemoSettings,
  judges: Judges,
  inputs: LoopDemoInputs,
): Promise<Omit<LoopDemoReport, 'totalSeconds'>> {
  const loop = await createLoop(session, settings, judges, inputs);
  console.log(`\nLoop ${session.baseUrl}/v1/loops/${loop.id}`);
  const iterations: IterationRow[] = [];
  for (let number = 1; number <= inputs.iterations; number++) {
    const started = performance.now();
    await follow(session, judges, loop.id, number);
    const row = await measure(session, settings, judges, loop, number);
    iterations.push({ ...row, seconds: (performance.now() - started) / 1000 });
    console.log(`\n${paragraph(iterations.at(-1)!)}`);
  }
  return { loopId: loop.id, judgedBy: judges.judgedBy, iterations };
}

function createLoop(session: Session, settings: LoopDemoSettings, judges: Judges, inputs: LoopDemoInputs): Promise<Loop> {
  const { prompts, firstVersionId, criterionVersionId, iterations } = inputs;
  const { sampling, promptsPerIteration, completionsPerPrompt, minimumMargin, reward, grpo, gate, seed } = settings;
  const body: Schemas['CreateLoopDto'] = {
    name: `loop demo ${session.run}`,
    policyVersionId: firstVersionId,
    criterionVersionId,
    promptSetId: prompts.practice,
    heldOutPromptSetId: prompts.heldOut,
    iterations,
    generation: { prompts: promptsPerIteration, completionsPerPrompt, sampling },
    ratings: judges.ratings,
    pairs: { minimumMargin },
    reward: { hyperparameters: reward },
    training: { method: 'grpo', hyperparameters: grpo },
    judge: judges.judge,
    gate,
    seed,
  };
  return session.owner.ok(session.owner.http.POST('/v1/loops', { body }));
}

/** Until the iteration is over. @throws Error when the loop failed or was stopped */
async function follow(session: Session, judges: Judges, id: string, number: number): Promise<void> {
  const { owner } = session;
  for (;;) {
    const loop = await owner.ok(owner.http.GET('/v1/loops/{id}', { params: { path: { id } } }));
    if (loop.iteration > number || loop.status === 'completed') return;
    if (loop.status === 'failed' || loop.status === 'stopped') {
      throw new Error(`the loop ${loop.status} in state ${loop.state}: ${loop.error?.code ?? ''} ${loop.error?.detail ?? ''}`);
    }
    if (loop.jobId) await followJob(session, loop.state, number, loop.jobId);
    else if (loop.state === 'awaiting_ratings') await judges.rate(loop, await iterationOf(session, id, number));
    else if (loop.state === 'awaiting_judgements') {
      await judges.judgeComparison((await iterationOf(session, id, number)).comparisonId!);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const followed = new Set<string>();

async function followJob(session: Session, state: string, number: number, jobId: string): Promise<void> {
  // The loop needs a moment to see that its job has ended.
  if (followed.has(jobId)) return;
  followed.add(jobId);
  await session.stage(`${number} ${state}`, async (progress) => {
    await session.job(jobId, progress);
    return { value: undefined, count: 1, figure: 'job', path: `/v1/jobs/${jobId}` };
  });
}

function iterationOf(session: Session, id: string, number: number): Promise<Schemas['LoopIterationDetailDto']> {
  const { http } = session.owner;
  return session.owner.ok(http.GET('/v1/loops/{id}/iterations/{number}', { params: { path: { id, number } } }));
}

async function measure(session: Session, settings: LoopDemoSettings, judges: Judges, loop: Loop, number: number): Promise<Omit<IterationRow, 'seconds'>> {
  const iteration = await iterationOf(session, loop.id, number);
  const { candidateVersionId, startVersionId, comparisonId, trainingRunId } = iteration;
  const verdict = trainingRunId ? await verdictOf(session, trainingRunId) : undefined;
  if (!candidateVersionId) return iterationRow(iteration, { verdict });
  const compared = startVersionId === loop.firstVersionId && comparisonId;
  const outcome = compared
    ? await comparisonOutcome(session, comparisonId)
    : await overFirst(session, settings, judges, loop, candidateVersionId, number);
  return iterationRow(iteration, { overFirst: outcome, verdict });
}

async function verdictOf({ owner }: Session, id: string): Promise<Schemas['VerdictDto'] | undefined> {
  return (await owner.ok(owner.http.GET('/v1/training-runs/{id}', { params: { path: { id } } }))).verdict ?? undefined;
}

/** The loop compares with the version before; that it also beats the first is another question, asked here. */
async function overFirst(
  session: Session,
  { sampling, seed }: LoopDemoSettings,
  judges: Judges,
  { firstVersionId, heldOutPromptSetId }: Loop,
  candidateVersionId: string,
  number: number,
): Promise<ComparisonOutcome> {
  const { owner } = session;
  const body = {
    baselineVersionId: firstVersionId,
    candidateVersionId,
    promptSetId: heldOutPromptSetId,
    // Other answers than those that the loop has just decided on.
    sampling: { ...sampling, seed: seed + 1000 + number },
    judge: judges.judge,
  };
  const { id, jobId } = await owner.ok(owner.http.POST('/v1/comparisons', { body }));
  await followJob(session, 'over first', number, jobId);
  for (;;) {
    await judges.judgeComparison(id);
    const { state } = await owner.ok(owner.http.GET('/v1/comparisons/{id}', { params: { path: { id } } }));
    if (state === 'complete') return comparisonOutcome(session, id);
  }
}

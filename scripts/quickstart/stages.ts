// The loop, one function per stage, in the order in which it runs. Everything goes through the SDK.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Schemas } from '#sdk/client.js';
import { postInChunks, type BulkTotals } from '../client/bulk.js';
import { ensureCriterionVersion, ensureLabeler, type CriterionSpec } from '../client/ensure.js';
import { rate, SIMULATED_LABELERS } from '../simulated/labelers.js';
import type { Session } from './session.js';
import type { Settings } from './settings.js';

export interface PromptSets {
  /** Practised and rated on. */
  practice: string;
  /** Answered before and after training, and not practised on. */
  evaluation: string;
  /** Seen by nothing but the comparison. */
  heldOut: string;
}

export function loadPrompts(session: Session, settings: Settings): Promise<PromptSets> {
  return session.stage('prompts', async () => {
    const load = async (file: string, name: string, count: number, from = 0) => {
      const text = await readFile(join('samples', file), 'utf8');
      const prompts = text.trim().split('\n').slice(from, from + count).map(parsePrompt);
      landed(await postInChunks(session.owner, '/v1/prompts/bulk', prompts));
      const body = { name: `${name} ${session.run}`, externalIds: prompts.map((prompt) => prompt.externalId) };
      return session.owner.ok(session.owner.http.POST('/v1/prompt-sets', { body }));
    };
    const practice = await load('prompts.jsonl', 'practice', settings.practicePrompts);
    const evaluation = await load('prompts.jsonl', 'evaluation', settings.evaluationPrompts, settings.practicePrompts);
    const heldOut = await load('heldout.jsonl', 'held-out', settings.heldOutPrompts);
    return {
      value: { practice: practice.id, evaluation: evaluation.id, heldOut: heldOut.id },
      count: practice.promptCount + evaluation.promptCount + heldOut.promptCount,
      figure: `${practice.promptCount} to practise on, ${evaluation.promptCount} to evaluate on, ${heldOut.promptCount} held out to compare on`,
      path: `/v1/prompt-sets/${practice.id}/prompts`,
    };
  });
}

/** The text is part of the external id: samples that were made anew are other prompts, not a conflict. */
function parsePrompt(line: string): { externalId: string; text: string } {
  const prompt = JSON.parse(line) as { externalId: string; text: string };
  const content = createHash('sha256').update(prompt.text).digest('hex').slice(0, 8);
  return { ...prompt, externalId: `${prompt.externalId}-${content}` };
}

const modelDir = join('models', 'starter');
const modelFiles = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'] as const;

export function uploadStarterPolicy(session: Session): Promise<Schemas['PolicyVersionDto']> {
  return session.stage('policy', async () => {
    const { owner } = session;
    const present = await readdir(modelDir);
    const files = [];
    for (const name of modelFiles.filter((file) => present.includes(file))) {
      const artifact = await owner.upload(await readFile(join(modelDir, name)), { kind: 'model-file', fileName: name });
      files.push({ name, artifactId: artifact.id });
    }
    const body = { name: `starter ${session.run}`, description: 'The starter policy of the quickstart' };
    const policy = await owner.ok(owner.http.POST('/v1/policies', { body }));
    const version = await owner.ok(
      owner.http.POST('/v1/policies/{id}/versions', { params: { path: { id: policy.id } }, body: { files } }),
    );
    return { value: version, count: 1, figure: `version ${version.number}, ${files.length} files`, path: `/v1/policy-versions/${version.id}` };
  });
}

export function generateCompletions(
  session: Session,
  settings: Settings,
  policyVersionId: string,
  promptSetId: string,
): Promise<Schemas['CompletionDto'][]> {
  const { sampling, completionsPerPrompt, seed } = settings;
  return session.stage('completions', async (progress) => {
    const { owner } = session;
    const body = { policyVersionId, promptSetId, sampling: { ...sampling, n: completionsPerPrompt, seed } };
    const batch = await owner.ok(owner.http.POST('/v1/completion-batches', { body }));
    await session.job(batch.jobId, progress);
    const completions: Schemas['CompletionDto'][] = [];
    for await (const completion of owner.pages((cursor) =>
      owner.http.GET('/v1/completions', { params: { query: { batchId: batch.id, limit: 500, cursor } } }),
    )) {
      completions.push(completion);
    }
    const tokens = completions.reduce((sum, completion) => sum + (completion.completionTokens ?? 0), 0) / completions.length;
    return {
      value: completions,
      count: completions.length,
      figure: `${completionsPerPrompt} per prompt, ${tokens.toFixed(1)} tokens on average`,
      path: `/v1/completions?batchId=${batch.id}`,
    };
  });
}

/** The sample criterion, published, and the labelers that will rate by it; id of the criterion's version. */
export async function prepareCriterion({ owner, vendor }: Session): Promise<string> {
  const criterion = JSON.parse(await readFile(join('samples', 'criterion.json'), 'utf8')) as CriterionSpec;
  const version = await ensureCriterionVersion(owner, criterion);
  for (const { name } of SIMULATED_LABELERS) {
    await ensureLabeler(vendor, { externalId: name, displayName: `${name} (a program)`, simulated: true });
  }
  return version.id;
}

export interface ShownCompletion {
  completionId: string;
  promptId: string;
  prompt: string;
  text: string;
  /** Counts from 0 within the prompt. */
  sampleIndex: number;
}

/** What the simulated labelers say of each completion, as lines of `/v1/ratings/bulk`. */
export function ratingLines(
  { run }: Session,
  { seed, completionsPerPrompt }: Settings,
  criterionVersionId: string,
  completions: readonly ShownCompletion[],
): (Schemas['CreateRatingDto'] & { score: number })[] {
  return SIMULATED_LABELERS.flatMap((labeler) =>
    completions.map((completion) => ({
      completionId: completion.completionId,
      criterionVersionId,
      labelerExternalId: labeler.name,
      score: rate(labeler, completion.prompt, completion.text, seed),
      position: shownAt(labeler.name, completion, completionsPerPrompt),
      externalId: `${run}/${labeler.name}/${completion.completionId}`,
    })),
  );
}

/** Three simulated labelers rate every completion in a shuffled order, and post in bulk as a vendor would. */
export function rateCompletions(
  session: Session,
  settings: Settings,
  completions: readonly Schemas['CompletionDto'][],
): Promise<string> {
  return session.stage('ratings', async (progress) => {
    const criterionVersionId = await prepareCriterion(session);
    const texts = await promptTexts(session, completions);
    const shown = completions.map(({ id, promptId, text, sampleIndex }) => {
      return { completionId: id, promptId, prompt: texts.get(promptId)!, text, sampleIndex: sampleIndex ?? 0 };
    });
    const lines = ratingLines(session, settings, criterionVersionId, shown);
    landed(await postInChunks(session.vendor, '/v1/ratings/bulk', lines, (done) => progress.update(done, lines.length)));
    const mean = lines.reduce((sum, line) => sum + line.score, 0) / lines.length;
    return {
      value: criterionVersionId,
      count: lines.length,
      figure: `${SIMULATED_LABELERS.length} simulated labelers, mean score ${mean.toFixed(2)} of 5`,
      path: `/v1/ratings?criterionVersionId=${criterionVersionId}`,
    };
  });
}

/** Of the answers of this run alone: a run before on the same data has its own. */
export function buildPairs(
  session: Session,
  { minimumMargin, seed }: Settings,
  criterionVersionId: string,
  { promptSetId, completionBatchId }: { promptSetId: string; completionBatchId: string },
): Promise<Schemas['PairSetDto']> {
  return session.stage('pairs', async (progress) => {
    const { owner } = session;
    const body = { criterionVersionId, promptSetId, completionBatchId, strategy: 'all' as const, aggregation: 'mean' as const, ties: 'drop' as const, minimumMargin, seed };
    const { id, jobId } = await owner.ok(owner.http.POST('/v1/pair-sets', { body }));
    await session.job(jobId, progress);
    const pairSet = await owner.ok(owner.http.GET('/v1/pair-sets/{id}', { params: { path: { id } } }));
    const count = pairSet.pairCount ?? 0;
    return { value: pairSet, count, figure: `all pairs of a prompt at least ${minimumMargin} point apart`, path: `/v1/pair-sets/${id}/pairs` };
  });
}

export function trainRewardModel(
  session: Session,
  settings: Settings,
  pairSetId: string,
  basePolicyVersionId: string,
): Promise<Schemas['RewardModelDto']> {
  return session.stage('reward model', async (progress) => {
    const { owner } = session;
    const body = { name: `helpfulness ${session.run}`, pairSetId, basePolicyVersionId, hyperparameters: settings.reward };
    const { id, jobId } = await owner.ok(owner.http.POST('/v1/reward-models', { body }));
    await session.job(jobId, progress);
    const model = await owner.ok(owner.http.GET('/v1/reward-models/{id}', { params: { path: { id } } }));
    const { accuracy, nulls, evalPairs } = model.evaluation!;
    return {
      value: model,
      count: evalPairs,
      figure: `${percent(accuracy.value)} of pairs of unseen prompts the right way round (always the shorter text: ${share(nulls.shortest)})`,
      path: `/v1/reward-models/${id}`,
    };
  });
}

export function trainPolicy(
  session: Session,
  settings: Settings,
  policyVersionId: string,
  rewardModelId: string,
  { practice: promptSetId, evaluation: evaluationPromptSetId }: PromptSets,
): Promise<Schemas['TrainingRunDto']> {
  return session.stage('training', async (progress) => {
    const { owner } = session;
    const body = { method: 'grpo' as const, policyVersionId, rewardModelId, promptSetId, evaluationPromptSetId, hyperparameters: settings.grpo };
    const { id, jobId } = await owner.ok(owner.http.POST('/v1/training-runs', { body }));
    await session.job(jobId, progress);
    const run = await owner.ok(owner.http.GET('/v1/training-runs/{id}', { params: { path: { id } } }));
    return {
      value: run,
      count: run.summary!.steps,
      figure: [stepsTaken(run), rewardGained(run), verdictLine(run.verdict!)].join('\n'),
      path: `/v1/training-runs/${id}`,
    };
  });
}

async function promptTexts(session: Session, completions: readonly Schemas['CompletionDto'][]): Promise<Map<string, string>> {
  const wanted = new Set(completions.map((completion) => completion.promptId));
  const texts = new Map<string, string>();
  for await (const prompt of session.owner.pages((cursor) =>
    session.owner.http.GET('/v1/prompts', { params: { query: { limit: 500, cursor } } }),
  )) {
    if (wanted.has(prompt.id)) texts.set(prompt.id, prompt.text);
  }
  return texts;
}

/** Place in the order in which this labeler saw the prompt's completions: another order for each labeler. */
function shownAt(labeler: string, completion: ShownCompletion, perPrompt: number): number {
  const offset = [...(labeler + completion.promptId)].reduce((sum, char) => sum + char.charCodeAt(0), 0);
  return (completion.sampleIndex + offset) % perPrompt;
}

function landed(totals: BulkTotals): void {
  if (totals.failed > 0) throw new Error(`${totals.failed} lines were refused: ${JSON.stringify(totals.failures[0])}`);
}

/** All of them, or why not. */
function stepsTaken({ summary, hyperparameters }: Schemas['TrainingRunDto']): string {
  const { steps, stopped } = summary!;
  return `${steps} of ${plannedStepsOf(hyperparameters)} steps${stopped ? `: stopped because ${reasons[stopped.reason] ?? stopped.reason}` : ''}`;
}

/** The API fills in what a request leaves out. */
export const plannedStepsOf = (hyperparameters: Schemas['TrainingRunDto']['hyperparameters']): number =>
  (hyperparameters as Required<Schemas['GrpoHyperparametersDto']>).steps;

/** The API may know others by now: these are told by their names. */
const reasons: Record<string, string> = { kl_budget: 'the KL budget was used up', diverged: 'a loss or gradient was not a finite number' };

function rewardGained({ summary }: Schemas['TrainingRunDto']): string {
  const { rewardBefore, rewardAfter, kl } = summary as Schemas['RolloutSummaryDto'];
  const moved = kl === null ? 'KL to the start not measured' : `KL to the start ${kl.toFixed(3)} nats per token at the last step`;
  return `reward ${rewardBefore.toFixed(2)} to ${rewardAfter.toFixed(2)} on prompts that were not practised on, ${moved}`;
}

/** With its reason and what to do, where it is not healthy. */
export function verdictLine({ status, findings }: Schemas['VerdictDto']): string {
  const [worst] = findings;
  return status === 'healthy' ? 'verdict healthy' : `verdict ${status}: ${worst.message}. ${worst.advice ?? ''}`.trim();
}

export const share = (value: number | null): string => (value === null ? 'unknown' : percent(value));

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

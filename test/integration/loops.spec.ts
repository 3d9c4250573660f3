import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '#src/database/database.js';
import { terminal } from '#src/jobs/job-state.js';
import { LoopAdvancer } from '#src/loops/loop-advancer.js';
import { LoopsWorkerModule } from '#src/loops/loops-worker.module.js';
import { withSql } from '../factories/ratings.js';
import { givenPromptSet, givenPolicyVersion, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, type Node } from './jobs-fixture.js';
import { LoopWorld, startWorker, type RatingRule } from './loops-fixture.js';

let t: TestApp;
let world: LoopWorld;
let worker: Node;
const unknownId = '019a8a5e-0000-7000-8000-000000000001';

beforeAll(async () => {
  t = await createTestApp();
  world = await LoopWorld.make(t);
  // Without the part that looks after loops: the first tests take every step themselves.
  worker = await startWorker(t);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

/** Rows of everything that a step may write. */
const counts = () =>
  withSql(t, async (client) => {
    const tables = [
      'prompt_sets', 'completion_batches', 'jobs', 'outbox', 'pair_sets', 'reward_models', 'training_runs', 'comparisons',
      'policy_aliases', 'domain_events', 'loop_iterations', 'loop_transitions',
    ];
    const sums = tables.map((table) => `(SELECT count(*) FROM ${table})::int AS ${table}`).join(', ');
    return (await client.query(`SELECT ${sums}, (SELECT sum(version) FROM loops)::int AS versions`)).rows[0] as Record<string, number>;
  });

/** The process dies after the last write of a step and before its commit. */
async function cutOff(id: string): Promise<void> {
  const database = t.get(Database);
  const whole = database.transaction.bind(database);
  database.transaction = (work) => {
    database.transaction = whole;
    return whole(async (tx) => {
      await work(tx);
      throw new Error('killed');
    });
  };
  try {
    await expect(t.get(LoopAdvancer).step(id)).rejects.toThrow('killed');
  } finally {
    database.transaction = whole;
  }
}

/** One step, after the same step was cut off and while four others try to take it. */
async function step(id: string): Promise<boolean> {
  const { jobId } = await world.loop(id);
  if (jobId) await settled(worker, jobId, undefined, 60_000);
  const before = await counts();
  await cutOff(id);
  expect(await counts()).toEqual(before);
  const taken = await Promise.all(Array.from({ length: 4 }, () => t.get(LoopAdvancer).step(id)));
  return taken.some(Boolean);
}

describe('taken step by step, each step cut off once and raced for', () => {
  let id: string;
  const path: string[] = [];

  test('round to a promotion, and round again to a hold', async () => {
    const { body: created } = await world.post('/v1/loops', world.body()).expect(201);
    expect(created).toMatchObject({ status: 'running', state: 'generate', iteration: 1, alias: 'best', gate: { winRate: 0.5 } });
    id = created.id;
    for (let guard = 0; guard < 60; guard++) {
      const { state, status, iteration } = await world.loop(id);
      if (status !== 'running') break;
      if (path.at(-1) !== `${iteration} ${state}`) path.push(`${iteration} ${state}`);
      if (await step(id)) continue;
      if (state === 'awaiting_ratings') await world.rate(id, iteration);
      else if (state === 'awaiting_judgements') await world.judge(id, iteration, iteration === 1 ? 'candidate' : 'tie');
      else throw new Error(`nothing moves in ${state}`);
    }
    const round = (n: number) =>
      ['generate', 'select', 'awaiting_ratings', 'pairs', 'reward', 'train', 'compare', 'awaiting_judgements'].map((state) => `${n} ${state}`);
    // What waits for nothing may be over before anybody looks: of four steppers the second takes it. The decisions are looked at below.
    expect(path.filter((state) => !/promote|hold/.test(state))).toEqual([...round(1), ...round(2)]);
    expect(await world.loop(id)).toMatchObject({ status: 'completed', state: 'done', iteration: 2, jobId: null });
  }, 120_000);

  test('each iteration has one of everything, linked and measured', async () => {
    const first = await world.iteration(id, 1);
    const second = await world.iteration(id, 2);
    expect(first).toMatchObject({ decision: 'promoted', reason: 'won', startVersionId: world.versionId });
    expect(second).toMatchObject({ decision: 'held', reason: 'not_won', startVersionId: first.candidateVersionId });
    for (const { figures, ratingProgress, transitions } of [first, second]) {
      expect(transitions).toHaveLength(9);
      expect(ratingProgress).toMatchObject({ completions: 18, complete: 18, ratings: 36, lacks: null });
      expect(figures.ratings.agreement).toBe(1);
      expect(figures.selection).toMatchObject({ by: 'random', chosen: 6 });
      expect(figures.comparison).toMatchObject({ n: 6, judgements: 6, simulatedJudgements: 0 });
      const { drift, proxyWinRate, winRate } = figures.comparison;
      expect(drift.value).toBeCloseTo(proxyWinRate - winRate, 12);
      expect(Number.isFinite(figures.training.kl)).toBe(true);
    }
    expect(first.figures.comparison).toMatchObject({ winRate: 1, low: 1 });
    // Four prompts were fresh and had to be among the six of the second iteration; its pairs are of both.
    expect(second.figures.pairs.pairs).toBeGreaterThan(first.figures.pairs.pairs);
    const made = await counts();
    expect(made).toMatchObject({ completion_batches: 2, pair_sets: 2, reward_models: 2, training_runs: 2, comparisons: 2, loop_transitions: 18 });
    const batch = (await world.get(`/v1/prompt-sets/${second.promptSetId}/prompts`)).body.data as { text: string }[];
    const before = (await world.get(`/v1/prompt-sets/${first.promptSetId}/prompts`)).body.data as { text: string }[];
    expect(batch.filter(({ text }) => before.every((prompt) => prompt.text !== text))).toHaveLength(4);
  });

  test('the alias moved once, to the winner, and it was told', async () => {
    const loop = await world.loop(id);
    const first = await world.iteration(id, 1);
    expect(loop.currentVersionId).toBe(first.candidateVersionId);
    const { body: alias } = await world.get(`/v1/policies/${loop.policyId}/aliases/best`).expect(200);
    expect(alias.policyVersionId).toBe(first.candidateVersionId);
    const events = await withSql(t, (client) =>
      client.query(`SELECT type, data FROM domain_events WHERE type ~ '^(loop|policy)' ORDER BY id`),
    );
    expect((events.rows as { type: string }[]).map(({ type }) => type)).toEqual([
      'loop.awaiting_ratings', 'policy.promoted', 'loop.iteration_completed', 'loop.awaiting_ratings', 'loop.iteration_completed', 'loop.stopped',
    ]);
    const { body: page } = await world.get(`/v1/loops/${id}/iterations?limit=1`).expect(200);
    expect([page.data[0].number, page.hasMore]).toEqual([1, true]);
  });

  test('a loop that cannot go on tells so, once', async () => {
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'no further' })).expect(201);
    while (!(await world.loop(created.id)).jobId) await step(created.id);
    const { jobId } = await world.loop(created.id);
    await settled(worker, jobId!, undefined, 60_000);
    const error = JSON.stringify({ code: 'worker_lost', title: 'The worker was lost', detail: 'nobody knows where it is' });
    await withSql(t, (client) => client.query(`UPDATE jobs SET state = 'failed', error = $2 WHERE id = $1`, [jobId, error]));
    const taken = await Promise.all(Array.from({ length: 4 }, () => t.get(LoopAdvancer).step(created.id)));
    expect(taken).toEqual([false, false, false, false]);
    expect(await world.loop(created.id)).toMatchObject({ status: 'failed', error: { code: 'worker_lost', jobId } });
    const told = await withSql(t, (client) => client.query(`SELECT data FROM domain_events WHERE type = 'loop.failed'`));
    expect(told.rows).toEqual([{ data: { loopId: created.id, iteration: 1 } }]);
    await world.post(`/v1/loops/${created.id}/stop`).expect(200);
  });
});

describe('looked after by workers', () => {
  let keeper: Node;
  beforeAll(async () => {
    keeper = await startWorker(t, [LoopsWorkerModule]);
  });
  afterAll(() => keeper.close());

  test('pauses while people rate, goes on after a restart in the middle, and is held over its KL budget', async () => {
    const training = { method: 'grpo', hyperparameters: { steps: 2, promptsPerStep: 4, groupSize: 4, maxTokens: 6, evaluationPrompts: 2, learningRate: 0.01 } };
    const gate = { maxKl: 1e-12, allowFailedVerdict: true };
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'kept', iterations: 1, gate, training })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    expect((await world.post(`/v1/loops/${id}/pause`).expect(200)).body.status).toBe('paused');
    expect((await world.post(`/v1/loops/${id}/pause`).expect(409)).body.code).toBe('loop_not_running');
    await world.rate(id, 1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await world.loop(id)).toMatchObject({ status: 'paused', state: 'awaiting_ratings' });
    await world.post(`/v1/loops/${id}/resume`).expect(200);
    await world.until(id, ({ state }) => state !== 'awaiting_ratings');
    await keeper.close();
    const { state, version } = (await world.get(`/v1/loops/${id}`)).body;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await world.get(`/v1/loops/${id}`)).body).toMatchObject({ state, version });
    keeper = await startWorker(t, [LoopsWorkerModule]);
    await world.until(id, ({ status }) => status === 'completed');
    expect(await world.iteration(id, 1)).toMatchObject({ decision: 'held', reason: 'over_kl_budget', comparisonId: null });
  }, 120_000);

  test('a paused loop pauses its job and takes it along when it goes on; a stop cancels it', async () => {
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'stopped' })).expect(201);
    const { id } = created as { id: string };
    const { jobId } = await world.until(id, (loop) => loop.jobId !== null || loop.state !== 'generate');
    await world.post(`/v1/loops/${id}/pause`).expect(200);
    await world.post(`/v1/loops/${id}/resume`).expect(200);
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    if (jobId) expect(await settled(keeper, jobId)).toMatchObject({ state: 'succeeded' });
    expect((await world.post(`/v1/loops/${id}/stop`).expect(200)).body).toMatchObject({ status: 'stopped', state: 'awaiting_ratings' });
    for (const action of ['pause', 'resume', 'stop']) await world.post(`/v1/loops/${id}/${action}`).expect(409);
  }, 60_000);

  test('vendors get labeling batches, to rate in and to judge in', async () => {
    const { body: vendor } = await world.post('/v1/vendors', { name: 'acme' }).expect(201);
    const vendorIds = [vendor.id];
    const { criterionVersionId } = world;
    const change = {
      name: 'vendors', iterations: 1, ratings: { perCompletion: 2, minimumAgreement: 0.9, vendorIds },
      generation: { prompts: 2, completionsPerPrompt: 3, sampling: { maxTokens: 6 } },
      judge: { type: 'labeling-batch', criterionVersionId, vendorIds, overlap: 2 },
    };
    const { body: created } = await world.post('/v1/loops', world.body(change)).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    const { labelingBatchId } = await world.iteration(id, 1);
    const { body: batch } = await world.get(`/v1/labeling-batches/${labelingBatchId}`).expect(200);
    expect(batch).toMatchObject({ mode: 'rate', itemCount: 6, overlap: 2, vendorIds });
    await world.label(labelingBatchId);
    await world.until(id, ({ state }) => state === 'awaiting_judgements');
    const { comparisonId } = await world.iteration(id, 1);
    const { body: comparison } = await world.get(`/v1/comparisons/${comparisonId}`).expect(200);
    await world.label(comparison.labelingBatchId);
    await world.until(id, ({ status }) => status === 'completed');
    expect((await world.iteration(id, 1)).figures).toMatchObject({ ratings: { ratings: 12, agreement: 1 }, comparison: { judgements: 12 } });
  }, 60_000);

  test('an ensemble chooses what is rated from the second iteration on', async () => {
    const change = {
      name: 'disputed', ratings: { perCompletion: 1 },
      generation: { prompts: 4, candidates: 8, completionsPerPrompt: 2, selection: 'disagreement', sampling: { maxTokens: 6 } },
      reward: { hyperparameters: { maxSteps: 2, maxTokens: 64, members: 2 } },
    };
    const { body: created } = await world.post('/v1/loops', world.body(change)).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    await world.rate(id, 1);
    await world.until(id, ({ state }) => state === 'awaiting_judgements');
    await world.judge(id, 1, 'tie');
    await world.until(id, ({ iteration, state }) => iteration === 2 && state === 'awaiting_ratings');
    expect((await world.iteration(id, 1)).figures.selection).toMatchObject({ by: 'random', candidates: 4, chosen: 4 });
    const { figures, ratedPromptSetId, promptSetId, ratingProgress } = await world.iteration(id, 2);
    expect(figures.selection).toMatchObject({ by: 'disagreement', candidates: 8, chosen: 4 });
    expect(figures.selection.chosenDisagreement).toBeGreaterThan(figures.selection.meanDisagreement);
    expect(ratedPromptSetId).not.toBe(promptSetId);
    expect(ratingProgress).toMatchObject({ completions: 8, complete: 0, lacks: 'quorum' });
    await world.post(`/v1/loops/${id}/stop`).expect(200);
  }, 60_000);

  test('a run that diverges is held and makes no version, and the next iteration starts where it did', async () => {
    // After one update of so steep a map nothing is a number any more.
    const lora = { rank: 1, alpha: 1e30, targetModules: ['q_proj'] };
    const training = { method: 'dpo', hyperparameters: { epochs: 3, batchSize: 8, learningRate: 0.01, schedule: 'constant', lora } };
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'diverging', training })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    await world.rate(id, 1);
    await world.until(id, ({ iteration, state }) => iteration === 2 && state === 'awaiting_ratings');
    const first = await world.iteration(id, 1);
    expect(first).toMatchObject({ decision: 'held', reason: 'unsound', candidateVersionId: null, comparisonId: null });
    expect(first.figures.training.verdict).toBe('failed');
    expect((await world.get(`/v1/training-runs/${first.trainingRunId}`)).body.summary.stopped.reason).toBe('diverged');
    expect((await world.iteration(id, 2)).startVersionId).toBe(first.startVersionId);
    await world.post(`/v1/loops/${id}/stop`).expect(200);
  }, 60_000);

  test('a loop may train on the ratings as they are', async () => {
    const training = { method: 'kto', hyperparameters: { epochs: 2, batchSize: 8, learningRate: 0.01, schedule: 'constant' } };
    const pairs = { data: 'iteration', evalFraction: 0 };
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'on ratings', pairs, training })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    await world.rate(id, 1);
    await world.until(id, ({ iteration, state }) => iteration === 2 || state === 'awaiting_judgements');
    const { trainingRunId, completionBatchId, ratedPromptSetId } = await world.iteration(id, 1);
    const { body: run } = await world.get(`/v1/training-runs/${trainingRunId}`).expect(200);
    expect(run).toMatchObject({ method: 'kto', pairSetId: null, ratings: { completionBatchId, promptSetId: ratedPromptSetId, evalFraction: 0, threshold: 3 } });
    expect(run.summary.examples).toBeGreaterThan(0);
    await world.post(`/v1/loops/${id}/stop`).expect(200);
  }, 60_000);

  /** Held after its ratings, and gone on with. */
  async function heldAfterRating(name: string, change: object, rule: RatingRule) {
    const pairs = { data: 'iteration', evalFraction: 0 };
    const { body: created } = await world.post('/v1/loops', world.body({ name, pairs, ...change })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    await world.rate(id, 1, rule);
    await world.until(id, ({ iteration, state }) => iteration === 2 && state === 'awaiting_ratings');
    await world.post(`/v1/loops/${id}/stop`).expect(200);
    return world.iteration(id, 1);
  }

  test('answers that are all rated alike give no pairs, and the loop goes on to others', async () => {
    const held = await heldAfterRating('alike', {}, () => 3);
    expect(held).toMatchObject({ decision: 'held', reason: 'no_pairs', rewardModelId: null });
    expect(held.figures.pairs).toMatchObject({ pairs: 0, lacks: { code: 'no_pairs', detail: expect.stringContaining('36 ratings') } });
  }, 60_000);

  test('labelers who contradict each other are not waited for when all have answered', async () => {
    const contrary: RatingRule = ({ index, labeler }) => (labeler === 'ann' ? 1 + (index % 5) : 5 - (index % 5));
    const held = await heldAfterRating('disputed criterion', { ratings: { perCompletion: 2, minimumAgreement: 0.6 } }, contrary);
    expect(held).toMatchObject({ decision: 'held', reason: 'disagreement', pairSetId: null, figures: { ratings: { completions: 18, ratings: 36, agreement: 0 } } });
  }, 60_000);

  test('a labeling batch that is done without agreement is not waited for either', async () => {
    const vendorIds = [await t.givenVendor()];
    const generation = { prompts: 2, completionsPerPrompt: 3, sampling: { maxTokens: 6 } };
    const ratings = { perCompletion: 2, quorum: 0.5, minimumAgreement: 0.9, vendorIds };
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'disputed batch', generation, ratings })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    const { labelingBatchId } = await world.iteration(id, 1);
    await world.label(labelingBatchId, true);
    await world.until(id, ({ iteration, state }) => iteration === 2 && state === 'awaiting_ratings');
    expect(await world.iteration(id, 1)).toMatchObject({ decision: 'held', reason: 'disagreement', figures: { ratings: { completions: 6, ratings: 12 } } });
    await world.post(`/v1/loops/${id}/stop`).expect(200);
  }, 60_000);

  test('labeling batches that are closed early are not waited for: too few ratings, then no judgements', async () => {
    const vendorIds = [await t.givenVendor()];
    const change = {
      name: 'closed batches', iterations: 2, ratings: { perCompletion: 2, vendorIds },
      generation: { prompts: 2, completionsPerPrompt: 3, sampling: { maxTokens: 6 } },
      judge: { type: 'labeling-batch', criterionVersionId: world.criterionVersionId, vendorIds, overlap: 1 },
    };
    const { body: created } = await world.post('/v1/loops', world.body(change)).expect(201);
    const { id } = created as { id: string };
    const waits = (number: number, wanted: string) => world.until(id, ({ iteration, state }) => iteration === number && state === wanted);
    await waits(1, 'awaiting_ratings');
    await world.post(`/v1/labeling-batches/${(await world.iteration(id, 1)).labelingBatchId}/close`).expect(200);
    await waits(2, 'awaiting_ratings');
    expect(await world.iteration(id, 1)).toMatchObject({ decision: 'held', reason: 'too_few_ratings', figures: { ratings: { ratings: 0 } } });
    await world.label((await world.iteration(id, 2)).labelingBatchId);
    await waits(2, 'awaiting_judgements');
    const { body: comparison } = await world.get(`/v1/comparisons/${(await world.iteration(id, 2)).comparisonId}`).expect(200);
    await world.post(`/v1/labeling-batches/${comparison.labelingBatchId}/close`).expect(200);
    await world.until(id, ({ status }) => status === 'completed');
    expect(await world.iteration(id, 2)).toMatchObject({ decision: 'held', reason: 'not_judged' });
  }, 90_000);

  test('a reward model that failed its audit trains no policy, unless that is allowed', async () => {
    // The longest answer always wins, so that nothing can do better than a rule that does not read.
    const longest: RatingRule = ({ text, answers }) => (text.length === Math.max(...answers.map(({ length }) => length)) ? 5 : 1);
    const reward = { hyperparameters: { maxSteps: 1, learningRate: 1e-9, maxTokens: 64 } };
    const held = await heldAfterRating('no better than length', { reward, gate: {} }, longest);
    expect(held).toMatchObject({ decision: 'held', reason: 'unsound', trainingRunId: null, rewardModelId: expect.any(String) });
    expect(held.figures).toMatchObject({ reward: { verdict: 'failed' }, pairs: { lacks: null } });
    expect(held.transitions.at(-2)).toMatchObject({ from: 'reward', to: 'hold', outcome: 'unsound' });
  }, 60_000);

  test('pairs of a single prompt are held over too', async () => {
    const generation = { prompts: 2, completionsPerPrompt: 3, sampling: { maxTokens: 6 } };
    let first: string | undefined;
    const onlyFirst: RatingRule = ({ promptId, index }) => ((first ??= promptId) === promptId ? 1 + (index % 5) : 3);
    const held = await heldAfterRating('one prompt', { generation }, onlyFirst);
    expect(held).toMatchObject({ decision: 'held', reason: 'no_pairs', rewardModelId: null });
    expect(held.figures.pairs).toMatchObject({ prompts: 2, lacks: { code: 'pair_set_one_prompt' } });
    expect(held.figures.pairs.pairs).toBeGreaterThan(0);
  }, 60_000);

  test('a job that fails fails the loop, and resuming tries it again', async () => {
    const { body: created } = await world.post('/v1/loops', world.body({ name: 'failing', iterations: 1 })).expect(201);
    const { id } = created as { id: string };
    await world.until(id, ({ state }) => state === 'awaiting_ratings');
    await world.rate(id, 1);
    const { jobId } = await world.until(id, (loop) => loop.state === 'reward' && loop.jobId !== null);
    await world.post(`/v1/jobs/${jobId}/cancel`);
    const job = await settled(keeper, jobId!);
    if (job.state === 'cancelled') {
      const failed = await world.until(id, ({ error }) => error !== null).catch(async () => world.loop(id));
      expect(failed).toMatchObject({ status: 'failed', state: 'reward', error: { code: 'job_cancelled', jobId } });
      await world.post(`/v1/loops/${id}/resume`).expect(200);
    }
    await world.until(id, ({ state }) => state === 'awaiting_judgements');
    await world.judge(id, 1, 'tie');
    await world.until(id, ({ status }) => status === 'completed');
    expect(await world.iteration(id, 1)).toMatchObject({ decision: 'held', reason: 'not_won', figures: { training: { verdict: 'failed' } } });
    const { body: jobs } = await world.get('/v1/jobs?limit=500');
    expect((jobs.data as { state: Parameters<typeof terminal>[0] }[]).every(({ state }) => terminal(state))).toBe(true);
  }, 60_000);
});

describe('what no loop is made of', () => {
  const refused = async (change: object, status: number, code: string, pointer?: string) => {
    const answer = await world.post('/v1/loops', world.body({ name: 'never', ...change })).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  test('unknown inputs', async () => {
    await refused({ policyVersionId: unknownId }, 422, 'unknown_policy_version', '/policyVersionId');
    await refused({ criterionVersionId: unknownId }, 422, 'criterion_version_not_found', '/criterionVersionId');
    await refused({ promptSetId: unknownId }, 422, 'unknown_prompt_set', '/promptSetId');
    await refused({ heldOutPromptSetId: unknownId }, 422, 'unknown_prompt_set', '/heldOutPromptSetId');
    await refused({ ratings: { vendorIds: [unknownId] } }, 422, 'vendor_not_found', '/ratings/vendorIds/0');
  });

  test('settings beyond their range, of no known method, or that belong to another', async () => {
    await refused({ gate: { winRate: 1.5 } }, 422, 'gate_out_of_range', '/gate/winRate');
    await refused({ generation: { prompts: 6, selection: 'disagreement' } }, 422, 'selection_needs_ensemble', '/generation/selection');
    await refused({ generation: { prompts: 11 } }, 422, 'not_enough_prompts', '/generation/prompts');
    await refused({ alias: 'Not An Alias' }, 422, 'invalid_alias', '/alias');
    await refused({ training: { method: 'magic' } }, 422, 'validation_failed', '/training/method');
    await refused({ training: { method: 'grpo', hyperparameters: { steps: 0 } } }, 422, 'validation_failed', '/training/hyperparameters/steps');
    await refused({ judge: { type: 'reward-model', rewardModelId: unknownId } }, 422, 'validation_failed');
  });

  test('trainings that could not start, before anybody is asked to rate for them', async () => {
    const grpo = (hyperparameters: object) => ({ training: { method: 'grpo', hyperparameters: { steps: 1, ...hyperparameters } } });
    const dpo = (hyperparameters: object) => ({ training: { method: 'dpo', hyperparameters } });
    const pointwise = { hyperparameters: { objective: 'pointwise', ties: 'rao_kupper' } };
    await refused({ reward: pointwise }, 422, 'hyperparameters_conflict', '/reward/hyperparameters/ties');
    await refused({ reward: { hyperparameters: { trainedLayers: 99 } } }, 422, 'hyperparameters_impossible', '/reward/hyperparameters/trainedLayers');
    await refused(grpo({ maxTokens: 256 }), 422, 'max_tokens_exceed_model', '/training/hyperparameters/maxTokens');
    await refused(grpo({ lora: { rank: 2, alpha: 4, targetModules: ['c_attn'] } }), 422, 'lora_target_unknown', '/training/hyperparameters/lora/targetModules');
    await refused(grpo({ checkpointEvery: 2 }), 422, 'hyperparameters_impossible', '/training/hyperparameters/checkpointEvery');
    await refused(dpo({ lossType: 'ipo', labelSmoothing: 0.1 }), 422, 'hyperparameters_impossible', '/training/hyperparameters/labelSmoothing');
    await refused(dpo({ trainedLayers: 99 }), 422, 'hyperparameters_impossible', '/training/hyperparameters/trainedLayers');
    await refused(dpo({ keep: 'best' }), 422, 'nothing_held_out', '/training/hyperparameters/keep');
  });

  test('trainings that do not fit the memory that there is', async () => {
    const small = await createTestApp({ MEMORY_LIMIT_BYTES: String(312 * 1024 ** 2) });
    try {
      const cramped = await LoopWorld.make(small);
      const made = await cramped.post('/v1/loops', cramped.body()).expect(201);
      await cramped.post(`/v1/loops/${made.body.id}/stop`).expect(200);
      // Left to this machine, tokens computed at once would be fewer, and all of them fit.
      const large = { steps: 1, promptsPerStep: 64, groupSize: 16, maxTokens: 128, microBatchTokens: null };
      const generation = { prompts: 6, completionsPerPrompt: 8, sampling: { maxTokens: 128 } };
      const cases: [object, string][] = [
        [{ reward: { hyperparameters: { batchSize: 1024, microBatchTokens: null } }, generation }, '/reward/hyperparameters'],
        [{ training: { method: 'grpo', hyperparameters: large } }, '/training/hyperparameters'],
        [{ training: { method: 'dpo', hyperparameters: { batchSize: 1024, microBatchTokens: 0 } }, generation }, '/training/hyperparameters'],
      ];
      for (const [change, pointer] of cases) {
        const { body } = await cramped.post('/v1/loops', cramped.body({ name: pointer, ...change })).expect(422);
        expect([body.code, body.errors[0].pointer]).toEqual(['training_does_not_fit', pointer]);
      }
    } finally {
      await small.close();
    }
  });

  test('a single held-out prompt, of which one win would promote', async () => {
    const heldOutPromptSetId = await givenPromptSet(t, 'single', ['the only exam?']);
    await refused({ heldOutPromptSetId }, 422, 'prompt_set_too_small', '/heldOutPromptSetId');
  });

  test('held-out prompts that are practised on, whatever their ids and spaces', async () => {
    const heldOutPromptSetId = await givenPromptSet(t, 'leaky', ['exam 99?', ' Question  3? ']);
    await refused({ heldOutPromptSetId }, 422, 'held_out_overlap', '/heldOutPromptSetId');
    await refused({ heldOutPromptSetId: world.promptSetId }, 422, 'held_out_overlap', '/heldOutPromptSetId');
  });

  test('a name that is taken, and an alias that another loop moves', async () => {
    await refused({ name: 'kept' }, 409, 'loop_name_taken');
    const policyVersionId = await givenPolicyVersion(t, 'another', trainableCheckpoint(2));
    const { body: open } = await world.post('/v1/loops', world.body({ name: 'open', policyVersionId })).expect(201);
    await refused({ policyVersionId }, 409, 'loop_alias_in_use');
    await world.post(`/v1/loops/${open.id}/stop`).expect(200);
    expect((await world.get(`/v1/loops/${unknownId}`).expect(404)).body.code).toBe('loop_not_found');
    expect((await world.get(`/v1/loops/${open.id}/iterations/7`).expect(404)).body.code).toBe('loop_iteration_not_found');
    expect((await world.get(`/v1/loops/${open.id}/iterations/1/completions`).expect(409)).body.code).toBe('loop_nothing_to_rate');
  });
});

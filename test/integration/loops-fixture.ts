// A loop small enough for a test, and the people of it: programs that rate by a rule and post through the API.
import request from 'supertest';
import type { Type } from '@nestjs/common';
import { ComparisonsWorkerModule } from '#src/comparisons/comparisons-worker.module.js';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { queueNames } from '#src/jobs/job-types.js';
import { givenCriterionVersion, givenLabeler, withSql } from '../factories/ratings.js';
import { givenPolicyVersion, givenPromptSet, trainableCheckpoint } from '../factories/training.js';
import type { TestApp } from '../support/app.js';
import { startNode, type Node } from './jobs-fixture.js';

export interface LoopView {
  id: string;
  status: string;
  state: string;
  iteration: number;
  jobId: string | null;
  currentVersionId: string;
  policyId: string;
  error: { code: string; jobId: string | null } | null;
}

export const labelers = ['ann', 'ben'];

interface CompletionToRate {
  completionId: string;
  promptId: string;
  prompt: string;
  text: string;
}

/** Scores from 1 to 5; `index` counts the completions, `answers` are all those to the same prompt. */
export type RatingRule = (of: CompletionToRate & { index: number; labeler: string; answers: string[] }) => number;
const handlers = [CompletionsWorkerModule, PairsWorkerModule, RewardWorkerModule, TrainingWorkerModule, ComparisonsWorkerModule];

/** A worker of every queue. */
export function startWorker(t: TestApp, more: Type[] = [], settings: Record<string, string> = {}): Promise<Node> {
  const env = { ...settings, DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10', COMPUTE_THREADS: '1' };
  return startNode(env, [...queueNames], [...handlers, ...more]);
}

const scoreOf = (text: string): number => 1 + ([...text].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 5);

export class LoopWorld {
  private constructor(
    readonly t: TestApp,
    readonly versionId: string,
    readonly criterionVersionId: string,
    readonly promptSetId: string,
    readonly heldOutPromptSetId: string,
  ) {}

  static async make(t: TestApp): Promise<LoopWorld> {
    for (const name of labelers) await givenLabeler(t, name);
    return new LoopWorld(
      t,
      await givenPolicyVersion(t, 'policy', trainableCheckpoint(1)),
      await givenCriterionVersion(t),
      await givenPromptSet(t, 'practice', Array.from({ length: 10 }, (_, i) => `question ${i}?`)),
      await givenPromptSet(t, 'held-out', Array.from({ length: 6 }, (_, i) => `exam ${i}?`)),
    );
  }

  body(change: object = {}): object {
    return {
      name: 'small loop',
      policyVersionId: this.versionId,
      criterionVersionId: this.criterionVersionId,
      promptSetId: this.promptSetId,
      heldOutPromptSetId: this.heldOutPromptSetId,
      iterations: 2,
      generation: { prompts: 6, completionsPerPrompt: 3, sampling: { maxTokens: 6 } },
      ratings: { perCompletion: 2 },
      // Of six prompts the eval split may get one, and with one no reward model is trained.
      pairs: { evalFraction: 0 },
      reward: { hyperparameters: { maxSteps: 2, maxTokens: 64 } },
      training: { method: 'grpo', hyperparameters: { steps: 1, promptsPerStep: 2, groupSize: 2, maxTokens: 6, evaluationPrompts: 2 } },
      judge: { type: 'labelers', judgementsPerItem: 1 },
      // One step of so small a model passes no audit.
      gate: { allowFailedVerdict: true },
      seed: 3,
      ...change,
    };
  }

  post = (path: string, body: object = {}) => request(this.t.http).post(path).set(this.t.admin).send(body);
  get = (path: string) => request(this.t.http).get(path).set(this.t.admin);

  async loop(id: string): Promise<LoopView> {
    return (await this.get(`/v1/loops/${id}`).expect(200)).body as LoopView;
  }

  async iteration(id: string, number: number) {
    return (await this.get(`/v1/loops/${id}/iterations/${number}`).expect(200)).body;
  }

  /** The loop as soon as it is so. */
  async until(id: string, wanted: (loop: LoopView) => boolean, ms = 60_000): Promise<LoopView> {
    const deadline = Date.now() + ms;
    for (;;) {
      const loop = await this.loop(id);
      if (wanted(loop)) return loop;
      if (Date.now() > deadline || loop.status === 'failed') throw new Error(`the loop came to ${JSON.stringify(loop)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Both labelers rate all that is asked for; they like late letters of the alphabet, unless they are given another rule. */
  async rate(id: string, number: number, rule: RatingRule = ({ text }) => scoreOf(text)): Promise<number> {
    const { body } = await this.get(`/v1/loops/${id}/iterations/${number}/completions?limit=500`).expect(200);
    const all = body.data as CompletionToRate[];
    const answersTo = (promptId: string) => all.filter((other) => other.promptId === promptId).map(({ text }) => text);
    const lines = all.flatMap((completion, index) =>
      labelers.map((labelerExternalId) => ({
        completionId: completion.completionId,
        labelerExternalId,
        criterionVersionId: this.criterionVersionId,
        score: rule({ ...completion, index, labeler: labelerExternalId, answers: answersTo(completion.promptId) }),
      })),
    );
    const { body: posted } = await this.bulk('/v1/ratings/bulk', lines);
    if (posted.created !== lines.length) throw new Error(JSON.stringify(posted));
    return lines.length;
  }

  /** One labeler prefers one version throughout, or neither: how is no secret to a test. */
  async judge(id: string, number: number, preferred: 'candidate' | 'baseline' | 'tie'): Promise<void> {
    const { comparisonId } = await this.iteration(id, number);
    const items = await withSql(this.t, (client) =>
      client.query('SELECT id, candidate_is_left AS left FROM comparison_items WHERE comparison_id = $1', [comparisonId]),
    );
    const lines = (items.rows as { id: string; left: boolean }[]).map((item) => ({
      itemId: item.id,
      labelerExternalId: labelers[0],
      preference: preferred === 'tie' ? 'tie' : item.left === (preferred === 'candidate') ? 'left' : 'right',
    }));
    await this.bulk(`/v1/comparisons/${comparisonId}/judgements/bulk`, lines);
  }

  /** The labelers do all the tasks of a batch: they rate by the same rule unless they contradict each other, and prefer late letters. */
  async label(labelingBatchId: string, contrary = false): Promise<void> {
    const { body } = await this.get('/v1/labelers').expect(200);
    for (const [index, { id: labelerId }] of (body.data as { id: string }[]).entries()) {
      const path = `/v1/labeling-batches/${labelingBatchId}/tasks/claim`;
      const { body: claimed } = await this.post(path, { labelerId, k: 100 }).expect(200);
      for (const task of claimed.tasks as { id: string; mode: string; completions: { id: string; text: string }[] }[]) {
        const scores = task.completions.map(({ id, text }) => ({ completionId: id, score: contrary && index > 0 ? 6 - scoreOf(text) : scoreOf(text) }));
        const [first, second] = scores;
        const better = second && first.score < second.score ? second : first;
        const equal = second?.score === first.score;
        const comparison = { preferredCompletionId: equal ? null : better.completionId };
        await this.post(`/v1/tasks/${task.id}/submit`, second ? { comparison } : { scores }).expect(200);
      }
    }
  }

  private bulk(path: string, lines: object[]) {
    return request(this.t.http)
      .post(path)
      .set(this.t.admin)
      .set('content-type', 'application/x-ndjson')
      .send(lines.map((line) => JSON.stringify(line)).join('\n'))
      .expect(200);
  }
}

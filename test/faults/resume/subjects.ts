// What is killed: one small training per method, and how its weights are read afterwards.
import type { Plumbline } from '#sdk/client.js';
import { getJson, postJson } from '../../../bench/system/json-requests.js';
import type { Material } from './material.js';

export interface Started {
  id: string;
  jobId: string;
}

export interface Subject {
  name: string;
  /** Optimizer steps of a whole training. */
  steps: number;
  /** Starts the same training once more. */
  start: (run: number) => Promise<Started>;
  /** sha256 of the weights it came to; null when there are none. */
  weights: (id: string) => Promise<string | null>;
}

/** A step takes some milliseconds on recorded texts, some hundredths of a second with sampling: a kill must come in between. */
const [steps, rolloutSteps] = [60, 16];
const dataset = { epochs: 100, maxSteps: steps, batchSize: 12, learningRate: 1e-3 };
const rollouts = { steps: rolloutSteps, promptsPerStep: 4, groupSize: 4, maxTokens: 12, learningRate: 1e-3, evaluationPrompts: 4 };

export function rewardSubject(client: Plumbline, { policyVersionId, pairSetId }: Material): Subject {
  const hyperparameters = { epochs: 100, maxSteps: steps, batchSize: 12, learningRate: 1e-3 };
  return {
    name: 'reward',
    steps,
    start: (run) =>
      postJson(client, '/v1/reward-models', { name: `drill ${run}`, pairSetId, basePolicyVersionId: policyVersionId, hyperparameters }),
    weights: async (id) => weightsOf(client, (await getJson<{ modelId: string | null }>(client, `/v1/reward-models/${id}`)).modelId),
  };
}

export const rolloutMethods = ['grpo', 'rloo', 'ppo'] as const;

export function pairSubjects(client: Plumbline, { policyVersionId, pairSetId }: Material): Subject[] {
  return ['sft', 'dpo'].map((method) => policySubject(client, steps, { method, policyVersionId, pairSetId, hyperparameters: dataset }));
}

export function rolloutSubjects(client: Plumbline, { policyVersionId, promptSetId }: Material, rewardModelId: string): Subject[] {
  return rolloutMethods.map((method) => policySubject(client, rolloutSteps, { method, policyVersionId, rewardModelId, promptSetId, hyperparameters: rollouts }));
}

function policySubject<B extends { method: string }>(client: Plumbline, steps: number, body: B): Subject {
  return {
    name: body.method,
    steps,
    start: () => postJson(client, '/v1/training-runs', body),
    weights: async (id) => {
      const { resultPolicyVersionId } = await getJson<{ resultPolicyVersionId: string | null }>(client, `/v1/training-runs/${id}`);
      if (resultPolicyVersionId === null) return null;
      return weightsOf(client, (await getJson<{ modelId: string }>(client, `/v1/policy-versions/${resultPolicyVersionId}`)).modelId);
    },
  };
}

async function weightsOf(client: Plumbline, modelId: string | null): Promise<string | null> {
  if (modelId === null) return null;
  const { files } = await getJson<{ files: { name: string; sha256: string }[] }>(client, `/v1/models/${modelId}`);
  return files.find(({ name }) => name === 'model.safetensors')!.sha256;
}

// Reward models of the AlpacaEval benchmark: trained through the API, as a client would.
import type { Plumbline } from '#sdk/client.js';
import type { FileMap } from '#src/lm/files/checkpoint.js';
import type { Notes } from '../area.js';
import { getJson, postJson } from '../system/json-requests.js';

export interface Evaluation {
  split: string;
  accuracy: { value: number; low: number; high: number };
  evalPairs: number;
  trainPairs: number;
  nulls: Record<'longest' | 'shortest' | 'first' | 'majority', number | null>;
  lengthCorrelation: number;
  slices: { by: string; value: string; accuracy: { value: number } }[];
  truncatedTexts: number;
  steps: number;
}

/** A checkpoint to start from, and how to train it. */
export interface Trial {
  name: string;
  files: FileMap;
  hyperparameters: { learningRate: number; epochs: number; batchSize: number; maxTokens: number; seed: number };
}

export interface Training {
  name: string;
  pairSetId: string;
  basePolicyVersionId: string;
  hyperparameters: object;
}

/** Trains to the end; a line for each tenth of it. */
export async function trainModel(client: Plumbline, training: Training, notes: Notes = () => undefined): Promise<{ evaluation: Evaluation; seconds: number }> {
  const started = performance.now();
  const { id, jobId } = await postJson<{ id: string; jobId: string }>(client, '/v1/reward-models', training);
  let told = '';
  await client.waitForJob(jobId, {
    onProgress: ({ progress: { completed, total }, phase }) => {
      const line = total ? `  ${phase ?? ''} ${Math.floor((10 * completed) / total) * 10}%` : told;
      if (line !== told) notes(line);
      told = line;
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const { evaluation } = await getJson<{ evaluation: Evaluation }>(client, `/v1/reward-models/${id}`);
  return { evaluation, seconds };
}

export const percent = (share: number): number => 100 * share;

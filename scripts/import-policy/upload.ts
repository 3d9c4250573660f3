/** A checkpoint in memory -> the next version of a policy, through the public API. */
import type { Plumbline, Schemas } from '#sdk/client.js';
import { checkpointStreams, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { type FloatFormat } from '#src/lm/files/safetensors.js';

/** Below what a server takes in one upload unless it is told otherwise (`UPLOAD_LIMIT_BYTES`). */
const largestUpload = 1_000_000_000;

export interface ImportOptions {
  /** Of the policy; made when there is none of that name. */
  name: string;
  description?: string;
  format?: FloatFormat;
  /** Weights above so many bytes are uploaded as shards. */
  maxShardBytes?: number;
}

/** Uploads the files and names them as a version. Rejects with PlumblineError where the API refuses. */
export async function importPolicy(
  client: Plumbline,
  checkpoint: Checkpoint,
  { name, description, format, maxShardBytes = largestUpload }: ImportOptions,
): Promise<Schemas['PolicyVersionDto']> {
  const files = await uploadFiles(client, checkpoint, { format, maxShardBytes });
  const policy = await ensurePolicy(client, name, description);
  return client.ok(client.http.POST('/v1/policies/{id}/versions', { params: { path: { id: policy.id } }, body: { files } }));
}

/** The same for a reward model that was trained elsewhere; its name must be free. */
export async function importRewardModel(
  client: Plumbline,
  checkpoint: Checkpoint,
  { name, format, maxShardBytes = largestUpload, maxTokens }: ImportOptions & { maxTokens?: number },
): Promise<Schemas['RewardModelDto']> {
  const files = await uploadFiles(client, checkpoint, { format, maxShardBytes });
  return client.ok(client.http.POST('/v1/reward-models/upload', { body: { name, files, ...(maxTokens === undefined ? {} : { maxTokens }) } }));
}

async function uploadFiles(
  client: Plumbline,
  checkpoint: Checkpoint,
  { format, maxShardBytes }: Pick<ImportOptions, 'format' | 'maxShardBytes'>,
): Promise<Schemas['PolicyVersionFileDto'][]> {
  const files = [];
  for (const [name, { chunks }] of Object.entries(checkpointStreams(checkpoint, format, { maxShardBytes }))) {
    const artifact = await client.upload(chunks, { kind: 'model-file', fileName: name });
    files.push({ name, artifactId: artifact.id });
  }
  return files;
}

async function ensurePolicy(client: Plumbline, name: string, description?: string): Promise<Schemas['PolicyDto']> {
  for await (const policy of client.pages((cursor) => client.http.GET('/v1/policies', { params: { query: { cursor } } }))) {
    if (policy.name === name) return policy;
  }
  return client.ok(client.http.POST('/v1/policies', { body: { name, ...(description === undefined ? {} : { description }) } }));
}

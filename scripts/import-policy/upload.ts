/** A checkpoint in memory -> the next version of a policy, through the public API. */
import type { Plumbline, Schemas } from '#sdk/client.js';
import { serializeCheckpoint, type Checkpoint } from '#src/lm/checkpoint.js';
import { type FloatFormat } from '#src/lm/safetensors.js';

export interface ImportOptions {
  /** Of the policy; made when there is none of that name. */
  name: string;
  description?: string;
  format?: FloatFormat;
}

/** Uploads the files and names them as a version. Rejects with PlumblineError where the API refuses. */
export async function importPolicy(
  client: Plumbline,
  checkpoint: Checkpoint,
  { name, description, format }: ImportOptions,
): Promise<Schemas['PolicyVersionDto']> {
  const files = [];
  for (const [fileName, bytes] of Object.entries(serializeCheckpoint(checkpoint, format))) {
    const artifact = await client.upload(bytes, { kind: 'model-file', fileName });
    files.push({ name: fileName as Schemas['PolicyVersionFileDto']['name'], artifactId: artifact.id });
  }
  const policy = await ensurePolicy(client, name, description);
  return client.ok(client.http.POST('/v1/policies/{id}/versions', { params: { path: { id: policy.id } }, body: { files } }));
}

async function ensurePolicy(client: Plumbline, name: string, description?: string): Promise<Schemas['PolicyDto']> {
  for await (const policy of client.pages((cursor) => client.http.GET('/v1/policies', { params: { query: { cursor } } }))) {
    if (policy.name === name) return policy;
  }
  return client.ok(client.http.POST('/v1/policies', { body: { name, ...(description === undefined ? {} : { description }) } }));
}

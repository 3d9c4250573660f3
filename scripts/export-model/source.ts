/** What an id stands for, and where its files are: a policy version, a reward model or a model. */
import { PlumblineError, type Plumbline, type Schemas } from '#sdk/client.js';

export class ExportError extends Error {
  override name = 'ExportError';
}

export interface ExportSource {
  kind: 'policy version' | 'reward model' | 'model';
  id: string;
  model: Schemas['ModelDto'];
}

/** Rejects with ExportError for an id of nothing that has weights. */
export async function findSource(client: Plumbline, id: string): Promise<ExportSource> {
  const path = { params: { path: { id } } };
  const version = await orNothing(client.ok(client.http.GET('/v1/policy-versions/{id}', path)));
  if (version) return withModel(client, 'policy version', id, version.modelId, 'an endpoint serves it');
  const reward = await orNothing(client.ok(client.http.GET('/v1/reward-models/{id}', path)));
  if (reward) return withModel(client, 'reward model', id, reward.modelId, 'it is not trained yet');
  return withModel(client, 'model', id, id, '');
}

async function withModel(client: Plumbline, kind: ExportSource['kind'], id: string, modelId: string | null, why: string): Promise<ExportSource> {
  if (modelId === null) throw new ExportError(`${kind} ${id} has no weights here: ${why}`);
  const model = await orNothing(client.ok(client.http.GET('/v1/models/{id}', { params: { path: { id: modelId } } })));
  if (!model) throw new ExportError(`no policy version, reward model or model has the id ${id}`);
  return { kind, id, model };
}

/** The PEFT folder of a reward model or of the run that made a policy version. Rejects with ExportError when there is none. */
export async function findAdapter(client: Plumbline, { kind, id }: ExportSource): Promise<Schemas['AdapterFileDto'][]> {
  if (kind === 'reward model') return adapterOfReward(client, id);
  if (kind !== 'policy version') throw new ExportError(`a ${kind} has no adapter; give the reward model, or the policy version that a run with LoRA made`);
  const query = { type: 'policy_version', id, direction: 'up', depth: 1 } as const;
  const { nodes } = await client.ok(client.http.GET('/v1/lineage', { params: { query } }));
  for (const run of nodes.filter(({ type }) => type === 'training_run')) {
    const params = { path: { id: run.id } };
    const pages = client.pages((cursor) => client.http.GET('/v1/training-runs/{id}/checkpoints', { params: { ...params, query: { cursor } } }));
    for await (const checkpoint of pages) if (checkpoint.policyVersionId === id && checkpoint.adapter) return checkpoint.adapter;
  }
  throw new ExportError(`policy version ${id} was not made by training LoRA factors: it has no adapter`);
}

async function adapterOfReward(client: Plumbline, id: string): Promise<Schemas['AdapterFileDto'][]> {
  const { data } = await client.ok(client.http.GET('/v1/reward-models/{id}/members', { params: { path: { id } } }));
  const adapter = data.at(0)?.adapter;
  if (adapter) return adapter;
  throw new ExportError(`reward model ${id} was not made by training LoRA factors: it has no adapter`);
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PlumblineError && error.problem.status === 404) return undefined;
    throw error;
  }
}

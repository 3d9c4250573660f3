// Find-or-make for what has a name, so that the quickstart and ingest can be run again.
import type { Plumbline, Schemas } from '#sdk/client.js';

export interface CriterionSpec {
  name: string;
  instructions: string;
  scale: { value: number; label: string; description?: string }[];
}

/** The newest published version of the criterion of that name, made and published when there is none. */
export async function ensureCriterionVersion(client: Plumbline, spec: CriterionSpec): Promise<Schemas['CriterionVersionDto']> {
  const found = await client.ok(client.http.GET('/v1/criteria', { params: { query: { name: spec.name } } }));
  const criterion = found.data[0] ?? (await client.ok(client.http.POST('/v1/criteria', { body: { name: spec.name } })));
  const path = { id: criterion.id };
  const versions: Schemas['CriterionVersionDto'][] = [];
  for await (const version of client.pages((cursor) =>
    client.http.GET('/v1/criteria/{id}/versions', { params: { path, query: { cursor } } }),
  )) {
    versions.push(version);
  }
  const published = versions.filter((version) => version.state === 'published');
  const wanted = JSON.stringify([spec.instructions, spec.scale.map((level) => level.value)]);
  const same = published.find((v) => JSON.stringify([v.instructions, v.scale.map((level) => level.value)]) === wanted);
  if (same) return same;
  const { instructions, scale } = spec;
  return client.ok(
    client.http.POST('/v1/criteria/{id}/versions', { params: { path }, body: { instructions, scale, publish: true } }),
  );
}

export async function ensureLabeler(
  client: Plumbline,
  labeler: { externalId: string; displayName?: string; simulated: boolean },
): Promise<Schemas['LabelerDto']> {
  const query = { externalId: labeler.externalId };
  const found = await client.ok(client.http.GET('/v1/labelers', { params: { query } }));
  return found.data[0] ?? (await client.ok(client.http.POST('/v1/labelers', { body: labeler })));
}

// Find-or-make for what has a name, so that the quickstart and ingest can be run again.
import type { Plumbline, Schemas } from '#sdk/client.js';

export interface CriterionSpec {
  name: string;
  instructions: string;
  scale: { value: number; label: string; description?: string }[];
  dimensions?: Schemas['DimensionDto'][];
}

type Version = Schemas['CriterionVersionDto'];

/** The newest published version that asks the same, made and published when there is none. */
export async function ensureCriterionVersion(client: Plumbline, spec: CriterionSpec): Promise<Version> {
  const same = (await publishedVersions(client, spec.name)).reverse().find((version) => asked(version) === asked(spec));
  if (same) return same;
  const { name, instructions, scale, dimensions } = spec;
  const { id } = (await criterionOfName(client, name)) ?? (await client.ok(client.http.POST('/v1/criteria', { body: { name } })));
  const body = { instructions, scale, ...(dimensions && { dimensions }), publish: true };
  return client.ok(client.http.POST('/v1/criteria/{id}/versions', { params: { path: { id } }, body }));
}

/** Of the criterion of that name, oldest first; none when it is not there. */
export async function publishedVersions(client: Plumbline, name: string): Promise<Version[]> {
  const criterion = await criterionOfName(client, name);
  if (!criterion) return [];
  const path = { id: criterion.id };
  const versions: Version[] = [];
  for await (const version of client.pages((cursor) => client.http.GET('/v1/criteria/{id}/versions', { params: { path, query: { cursor } } }))) {
    if (version.state === 'published') versions.push(version);
  }
  return versions;
}

async function criterionOfName(client: Plumbline, name: string): Promise<Schemas['CriterionDto'] | undefined> {
  return (await client.ok(client.http.GET('/v1/criteria', { params: { query: { name } } }))).data[0];
}

function asked({ instructions, scale, dimensions }: Pick<CriterionSpec, 'instructions' | 'scale'> & { dimensions?: Schemas['DimensionDto'][] | null }): string {
  const weights = (dimensions ?? []).map(({ name, weight }) => [name, weight]);
  return JSON.stringify([instructions, scale.map(({ value }) => value), weights]);
}

export async function ensureLabeler(
  client: Plumbline,
  labeler: { externalId: string; displayName?: string; simulated: boolean },
): Promise<Schemas['LabelerDto']> {
  const query = { externalId: labeler.externalId };
  const found = await client.ok(client.http.GET('/v1/labelers', { params: { query } }));
  return found.data[0] ?? (await client.ok(client.http.POST('/v1/labelers', { body: labeler })));
}

import request from 'supertest';
import { Client } from 'pg';
import { newId } from '#src/common/id.js';
import { textKey } from '#src/common/text.js';
import type { TestApp } from '../support/app.js';

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Runs SQL against the database of a test application, for rows whose making is not what is tested. */
export async function withSql<T>(t: TestApp, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(t.database.url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export interface GivenCompletion {
  text: string;
  externalId?: string;
}

/** One prompt with its completions; ids in the order given. */
export async function givenPrompt(t: TestApp, text: string, completions: GivenCompletion[]): Promise<{ promptId: string; completionIds: string[] }> {
  return withSql(t, async (client) => {
    const promptId = newId();
    await client.query('INSERT INTO prompts (id, text, text_key) VALUES ($1, $2, $3)', [promptId, text, textKey(text)]);
    const completionIds = completions.map(() => newId());
    for (const [i, completion] of completions.entries()) {
      await client.query('INSERT INTO completions (id, prompt_id, text, external_id) VALUES ($1, $2, $3, $4)', [
        completionIds[i],
        promptId,
        completion.text,
        completion.externalId ?? null,
      ]);
    }
    return { promptId, completionIds };
  });
}

/** A published version of a new criterion with the scale 1..levels. */
export async function givenCriterionVersion(t: TestApp, levels = 5, publish = true): Promise<string> {
  const { body: criterion } = await request(t.http).post('/v1/criteria').set(t.admin).send({ name: `criterion ${newId()}` }).expect(201);
  const scale = Array.from({ length: levels }, (_, i) => ({ value: i + 1, label: `level ${i + 1}` }));
  const { body: version } = await request(t.http)
    .post(`/v1/criteria/${criterion.id}/versions`)
    .set(t.admin)
    .send({ instructions: 'is it good?', scale, publish })
    .expect(201);
  return version.id as string;
}

export async function givenLabeler(t: TestApp, externalId: string): Promise<string> {
  const { body } = await request(t.http).post('/v1/labelers').set(t.admin).send({ externalId }).expect(201);
  return body.id as string;
}
